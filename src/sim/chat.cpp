#include "sim/chat.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/printable.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_quote = 200;

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

/// Gathers what a message, or the deltas of one, say.
class Answer {
 public:
  void add(const json::value& part) {
    text_ += json_string(part, "content");
    const json::value* const calls = json_at(part, "tool_calls");
    if (calls == nullptr || !calls->is_array()) {
      return;
    }
    std::size_t place = 0;
    for (const json::value& call : calls->get_array()) {
      const auto index = json_int(call, "index").value_or(static_cast<std::int64_t>(place++));
      if (index < 0 || index >= static_cast<std::int64_t>(most_calls)) {
        continue;
      }
      calls_.resize(std::max(calls_.size(), static_cast<std::size_t>(index) + 1));
      CallFunction& function = calls_[static_cast<std::size_t>(index)];
      function.name += json_string(call, "function.name");
      function.arguments += json_string(call, "function.arguments");
    }
  }

  [[nodiscard]] Result<Reply> reply() && {
    std::erase_if(calls_, [](const CallFunction& call) { return call.name.empty(); });
    if (text_.find_first_not_of(" \t\r\n") != std::string::npos) {
      return Reply{Say{std::move(text_), std::move(calls_)}};
    }
    if (calls_.empty()) {
      return fail(Errc::malformed_message, "the answer has neither words nor calls");
    }
    CallFunction first = std::move(calls_.front());
    first.also.assign(calls_.begin() + 1, calls_.end());
    return Reply{std::move(first)};
  }

 private:
  static constexpr std::size_t most_calls = 32;
  std::string text_;
  std::vector<CallFunction> calls_;
};

const json::value* first_choice(const json::value& answer) {
  const json::value* const choices = json_at(answer, "choices");
  return choices != nullptr && choices->is_array() && !choices->get_array().empty()
             ? &choices->get_array().front()
             : nullptr;
}

tl::unexpected<Error> no_answer(const json::value& answer) {
  const auto why = json_string(answer, "error.message", "it has no choices");
  return fail(Errc::malformed_message, printable(std::string{why}, longest_quote));
}

Result<Reply> read_stream(std::string_view body) {
  Answer answer;
  while (!body.empty()) {
    const auto end = std::min(body.find('\n'), body.size());
    std::string_view line = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (!line.starts_with("data:")) {
      continue;
    }
    const auto event = parse_json(line.substr(5));
    if (!event) {
      continue;  // "[DONE]"
    }
    const json::value* const choice = first_choice(*event);
    if (choice != nullptr) {
      if (const json::value* const delta = json_at(*choice, "delta")) {
        answer.add(*delta);
      }
    } else if (json_at(*event, "error") != nullptr) {
      return no_answer(*event);
    }
  }
  return std::move(answer).reply();
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
  json::object request{{"messages", std::move(messages).take()}, {"stream", false}};
  if (json::array functions = functions_of(prompt.tools); !functions.empty()) {
    request["tools"] = std::move(functions);
    request["tool_choice"] = choice_of(prompt.tool_choice);
  }
  if (prompt.max_output_tokens.is_int64()) {
    request["max_tokens"] = prompt.max_output_tokens;
  }
  return request;
}

Result<Reply> read_chat_answer(std::string_view body) {
  const auto begin = body.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || body[begin] != '{') {
    return read_stream(body);
  }
  const auto answer = parse_json(body);
  if (!answer) {
    return fail(Errc::malformed_message, "the answer is not JSON");
  }
  const json::value* const choice = first_choice(*answer);
  const json::value* const message = choice != nullptr ? json_at(*choice, "message") : nullptr;
  if (message == nullptr) {
    return no_answer(*answer);
  }
  Answer whole;
  whole.add(*message);
  return std::move(whole).reply();
}

}  // namespace offhook::sim
