#include "sim/live_talk.hpp"

#include <utility>

#include "base/json.hpp"
#include "sim/chat.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

json::object message(std::string_view role, std::string_view text) {
  const bool by_model = role == "assistant";
  const json::object part{{"type", by_model ? "output_text" : "input_text"}, {"text", text}};
  return {{"type", "message"}, {"role", role}, {"content", json::array{part}}};
}

/// For sessions that name no tools: whoever answers knows the task from what was said.
json::object hand_on() {
  const json::object task{{"type", "string"}, {"description", "What is to be done or found out."}};
  const json::object parameters{{"type", "object"},
                                {"properties", json::object{{"task", task}}},
                                {"required", json::array{"task"}}};
  return {{"type", "function"},
          {"name", "delegate"},
          {"description",
           "Hands work that you cannot do yourself, such as looking something up, to somebody who "
           "can. The result comes later. Not for conversation."},
          {"parameters", parameters}};
}

}  // namespace

void LiveTalk::add(json::object body) { conversation_.append(Item{std::move(body)}); }

void LiveTalk::caller_said(const std::string& words) { add(message("user", words)); }

void LiveTalk::model_says(const std::string& id, std::string_view words) {
  std::string text{words};
  if (Item* const item = conversation_.find(id)) {
    text = item->words_said() + text;
    item->body = message("assistant", text);
    item->body["id"] = id;
    return;
  }
  json::object body = message("assistant", text);
  body["id"] = id;
  add(std::move(body));
}

void LiveTalk::model_said(const std::string& id, const std::string& heard) {
  if (heard.empty()) {
    conversation_.remove(id);
  } else if (Item* const item = conversation_.find(id)) {
    item->body = message("assistant", heard);
    item->body["id"] = id;
  }
}

void LiveTalk::told(std::string_view source, const std::string& content) {
  add(message("system", std::string{source} + content));
}

std::string LiveTalk::handed_on(const CallFunction& call) {
  std::string id = "work_" + std::to_string(++last_id_);
  add({{"type", "function_call"},
       {"status", "completed"},
       {"call_id", id},
       {"name", call.name},
       {"arguments", call.arguments}});
  waiting_.insert(id);
  return id;
}

void LiveTalk::came_back(const std::string& id, const std::string& output) {
  if (!waiting_.erase(id)) {
    told("", output);  // a call has one output
    return;
  }
  add({{"type", "function_call_output"}, {"call_id", id}, {"output", output}});
}

json::object LiveTalk::request(const LiveConfig& config) const {
  ChatPrompt prompt;
  prompt.instructions = config.instructions();
  prompt.tool_choice = "auto";
  const json::value backend = config.backend();
  if (const auto more = json_string(backend, "instructions"); !more.empty()) {
    prompt.instructions += "\n\n" + std::string{more};
  }
  const json::value* const tools = json_at(backend, "tools");
  if (config.delegate() != Delegate::responses) {
    prompt.tools = json::array{hand_on()};
  } else if (tools != nullptr && tools->is_array()) {
    prompt.tools = tools->get_array();
  }
  return chat_request(prompt, conversation_);
}

}  // namespace offhook::sim
