#include "sim/mcp_protocol.hpp"

#include <utility>

#include <boost/json/serialize.hpp>

#include "base/json.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

McpFailure no_answer(std::string message) { return {"protocol_error", 0, std::move(message)}; }

std::string text_of(const json::value& content) {
  std::string text;
  const json::array* const parts = content.if_array();
  for (const json::value& part : parts != nullptr ? *parts : json::array{}) {
    const auto words = json_string(part, "text");
    text.append(text.empty() || words.empty() ? "" : "\n").append(words);
  }
  return text;
}

}  // namespace

json::object McpFailure::json() const {
  if (type == "tool_execution_error") {
    return {{"type", type}, {"message", message}};
  }
  return {{"type", type}, {"code", code}, {"message", message}};
}

std::string mcp_message(std::optional<int> id, std::string_view method, json::object params) {
  json::object message{{"jsonrpc", "2.0"}};
  if (id) {
    message["id"] = *id;
  }
  message["method"] = method;
  if (!params.empty()) {
    message["params"] = std::move(params);
  }
  return json::serialize(message);
}

bool McpAnswer::feed(std::string_view piece) {
  if (text_.empty() && !stream_) {
    const auto first = piece.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
      return true;
    }
    stream_ = piece[first] != '{' && piece[first] != '[';
  }
  if (!stream_) {
    text_.append(piece);
    return true;
  }
  for (const std::string& data : events_.feed(piece)) {
    look_at(data);
  }
  return !message_;
}

void McpAnswer::look_at(std::string_view text) {
  auto message = parse_json(text);
  if (message_ || !message || json_int(*message, "id") != id_) {
    return;
  }
  if (json_at(*message, "result") != nullptr || json_at(*message, "error") != nullptr) {
    message_ = *std::move(message);
  }
}

McpResult<json::value> McpAnswer::finish() {
  if (stream_) {
    look_at(events_.finish().value_or(std::string{}));
  } else {
    look_at(text_);
  }
  if (!message_) {
    return tl::unexpected{no_answer("the server's answer is none of JSON-RPC")};
  }
  if (const json::value* const result = json_at(*message_, "result")) {
    return *result;
  }
  return tl::unexpected{McpFailure{
      "protocol_error", json_int(*message_, "error.code").value_or(0),
      std::string{json_string(*message_, "error.message", "the server gave no reason")}}};
}

json::array mcp_tools(const json::value& result) {
  json::array tools;
  const json::value* const listed = json_at(result, "tools");
  if (listed == nullptr || !listed->is_array()) {
    return tools;
  }
  for (const json::value& tool : listed->get_array()) {
    if (json_string(tool, "name").empty()) {
      continue;
    }
    const json::value* const schema = json_at(tool, "inputSchema");
    const json::value* const annotations = json_at(tool, "annotations");
    tools.push_back(json::object{
        {"name", json_string(tool, "name")},
        {"description", json_string(tool, "description")},
        {"input_schema", schema != nullptr ? *schema : json::value(json::object{})},
        {"annotations", annotations != nullptr ? *annotations : json::value(nullptr)}});
  }
  return tools;
}

McpResult<std::string> mcp_output(const json::value& result) {
  const json::value* const content = json_at(result, "content");
  std::string text = content != nullptr ? text_of(*content) : std::string{};
  const json::value* const failed = json_at(result, "isError");
  if (failed != nullptr && failed->is_bool() && failed->get_bool()) {
    return tl::unexpected{McpFailure{"tool_execution_error", 0,
                                     text.empty() ? "the tool gave no reason" : std::move(text)}};
  }
  const json::value* const structured = json_at(result, "structuredContent");
  if (text.empty() && (structured != nullptr || content != nullptr)) {
    text = json::serialize(structured != nullptr ? *structured : *content);
  }
  return text;
}

}  // namespace offhook::sim
