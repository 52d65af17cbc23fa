#pragma once

#include <string>

#include <boost/json/value.hpp>

namespace offhook::openai {

/// An item of a conversation (docs/openai-behaviour.md 5), as far as it is read here: a message, a
/// function call or its output, an MCP call, or the approval of one. Responses has the same calls.
struct ConversationItem {
  std::string id{};
  std::string type{};
  std::string role{};                 ///< Of a message: "user", "assistant", "system".
  std::string status = "completed";   ///< Or "incomplete", "in_progress".
  std::string call_id{};              ///< Of a function call and its output.
  std::string name{};                 ///< Of a function, or of the tool of a server.
  std::string arguments{};            ///< JSON.
  std::string words{};                ///< Of a message: what was spoken, or written by the model.
  bool has_input_audio = false;       ///< The caller's sound is in it.
  std::string server_label{};         ///< MCP.
  std::string approval_request_id{};  ///< MCP: the request that is answered.
  bool approve = false;               ///< MCP: how.
  std::string error{};                ///< MCP: why a call failed.
};

/// What is missing or of another type stays empty.
[[nodiscard]] ConversationItem read_conversation_item(const boost::json::value& item);

}  // namespace offhook::openai
