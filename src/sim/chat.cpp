#include "sim/chat.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

/// By which a call and its output find each other.
std::string_view call_id(const json::value& item) {
  return json_string(item, "type") == "mcp_call" ? json_string(item, "id")
                                                 : json_string(item, "call_id");
}

json::object call_of(const json::value& item) {
  return {{"id", call_id(item)},
          {"type", "function"},
          {"function", json::object{{"name", json_string(item, "name")},
                                    {"arguments", json_string(item, "arguments")}}}};
}

/// A conversation as chat endpoints want it: the outputs of calls stand right behind them, whatever
/// was said meanwhile. Calls that were cut off are left out, because nobody will answer them.
class Messages {
 public:
  explicit Messages(const Conversation& conversation) {
    for (const Item& item : conversation.items()) {
      if (auto output = item.tool_output()) {
        outputs_.emplace(call_id(json::value(item.body)), *std::move(output));
      }
    }
  }

  void add(std::string_view role, std::string_view content) {
    add_outputs();
    messages_.push_back(json::object{{"role", role}, {"content", content}});
  }

  void add(const Item& item) {
    if (item.type() == "function_call" || item.type() == "mcp_call") {
      const json::value body(item.body);
      if (json_string(body, "status") != "incomplete") {
        add_call(body);
      }
    } else if (item.type() == "function_call_output") {
      const json::value body(item.body);
      if (std::find(called_.begin(), called_.end(), call_id(body)) != called_.end()) {
        add_outputs();  // a call behind it was made with its knowledge
      }
    } else if (const std::string words = item.words_said(); !words.empty()) {
      add(item.role(), words);
    }
  }

  [[nodiscard]] json::array take() && {
    add_outputs();
    return std::move(messages_);
  }

 private:
  /// Calls that follow each other, and words before them, are one message of the assistant.
  void add_call(const json::value& item) {
    const bool assistant =
        !messages_.empty() && json_string(messages_.back(), "role") == "assistant";
    if (!assistant) {
      add_outputs();
      messages_.push_back(json::object{{"role", "assistant"}, {"content", nullptr}});
    }
    json::object& message = messages_.back().as_object();
    if (!message.contains("tool_calls")) {
      message["tool_calls"] = json::array{};
    }
    message["tool_calls"].as_array().push_back(call_of(item));
    called_.emplace_back(call_id(item));
  }

  void add_outputs() {
    for (const std::string& id : std::exchange(called_, {})) {
      const auto output = outputs_.find(id);
      messages_.push_back(
          json::object{{"role", "tool"},
                       {"tool_call_id", id},
                       {"content", output == outputs_.end() ? "(still running)" : output->second}});
    }
  }

  std::map<std::string, std::string, std::less<>> outputs_;
  std::vector<std::string> called_;  ///< By the last message.
  json::array messages_;
};

json::array functions_of(const json::array& tools) {
  json::array functions;
  for (const json::value& tool : tools) {
    if (json_string(tool, "type") != "function") {
      continue;
    }
    json::object function;
    for (const std::string_view field : {"name", "description", "parameters"}) {
      if (const json::value* const value = json_at(tool, field)) {
        function[field] = *value;
      }
    }
    functions.push_back(json::object{{"type", "function"}, {"function", function}});
  }
  return functions;
}

json::value choice_of(const json::value& choice) {
  const auto name = json_string(choice, "name");
  if (choice.is_object() && !name.empty()) {
    return json::object{{"type", "function"}, {"function", json::object{{"name", name}}}};
  }
  return choice;
}

}  // namespace

json::object chat_request(const ChatPrompt& prompt, const Conversation& conversation) {
  Messages messages{conversation};
  if (!prompt.instructions.empty()) {
    messages.add("system", prompt.instructions);
  }
  for (const Item& item : conversation.items()) {
    messages.add(item);
  }
  json::object request{{"messages", std::move(messages).take()}, {"stream", true}};
  if (json::array functions = functions_of(prompt.tools); !functions.empty()) {
    request["tools"] = std::move(functions);
    request["tool_choice"] = choice_of(prompt.tool_choice);
  }
  if (prompt.max_output_tokens.is_int64()) {
    request["max_tokens"] = prompt.max_output_tokens;
  }
  return request;
}

}  // namespace offhook::sim
