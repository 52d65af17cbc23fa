#pragma once

#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/error.hpp"
#include "sim/conversation.hpp"
#include "sim/persona.hpp"

namespace offhook::sim {

/// What a chat model is to answer.
struct ChatPrompt {
  std::string instructions{};        ///< Of the session, and of the response behind them.
  boost::json::array tools{};        ///< As the session has them; only functions are passed on.
  boost::json::value tool_choice{};  ///< As the session has it.
  boost::json::value max_output_tokens{};
};

/// The body of a `POST /v1/chat/completions` for a conversation: messages, function calls with
/// their outputs, and tools in the form of that API. Without `model`.
[[nodiscard]] boost::json::object chat_request(const ChatPrompt& prompt,
                                               const Conversation& conversation);

/// The model's words and function calls in the body of an answer, be it JSON or a stream of
/// server-sent events.
/// @return `malformed_message` when it holds neither, with the error that it holds instead.
[[nodiscard]] Result<Reply> read_chat_answer(std::string_view body);

}  // namespace offhook::sim
