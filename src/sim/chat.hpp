#pragma once

#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "sim/conversation.hpp"

namespace offhook::sim {

/// What a chat model is to answer.
struct ChatPrompt {
  std::string instructions{};        ///< Of the session, and of the response behind them.
  boost::json::array tools{};        ///< As the session has them; only functions are passed on.
  boost::json::value tool_choice{};  ///< As the session has it.
  boost::json::value max_output_tokens{};
};

/// The body of a `POST /v1/chat/completions` for a conversation: messages, function calls with
/// their outputs, and tools in the form of that API. Without `model`. A stream is asked for.
[[nodiscard]] boost::json::object chat_request(const ChatPrompt& prompt,
                                               const Conversation& conversation);

}  // namespace offhook::sim
