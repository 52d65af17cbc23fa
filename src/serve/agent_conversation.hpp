#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "serve/call_conversation.hpp"
#include "serve/service.hpp"

namespace offhook::serve {

/// An `agent::Conversation` as the desk's conversation.
[[nodiscard]] std::unique_ptr<CallConversation> make_agent_conversation(
    const boost::asio::any_io_executor& executor,
    const ServiceConfig& config,
    ConversationOrder order);

}  // namespace offhook::serve
