#include "sim/live_backend.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

bool has_tool(const json::value& settings, std::string_view name) {
  const auto* const tools = json_at(settings, "tools");
  if (tools == nullptr || !tools->is_array()) {
    return false;
  }
  for (const auto& tool : tools->as_array()) {
    if (json_string(tool, "name") == name) {
      return true;
    }
  }
  return false;
}

json::object usage_of(std::string_view text) {
  const int output = text_tokens(text);
  const json::object cached{{"cached_tokens", 0}};
  const json::object reasoning{{"reasoning_tokens", 0}};
  return {{"input_tokens", 0},
          {"input_tokens_details", cached},
          {"output_tokens", output},
          {"output_tokens_details", reasoning},
          {"total_tokens", output}};
}

/// Text of a message item, which is a string or a list of parts.
std::string text_of(const json::value& item) {
  const auto* const content = json_at(item, "content");
  if (content == nullptr) {
    return {};
  }
  if (content->is_string()) {
    return std::string{content->as_string()};
  }
  std::string text;
  if (content->is_array()) {
    for (const auto& part : content->as_array()) {
      text += json_string(part, "text");
    }
  }
  return text;
}

}  // namespace

void LiveBackend::send(std::string_view type, json::object fields, LiveOutbox& out) {
  json::object event{{"type", type}, {"sequence_number", sequence_++}};
  for (auto& [key, value] : fields) {
    event.emplace(key, std::move(value));
  }
  out.send("response.event", {{"event", event}, {"delegation_id", delegation_id_}});
}

/// The snapshots of Live leave input, instructions, tools and output out.
void LiveBackend::send_snapshot(std::string_view type,
                                std::string_view status,
                                const json::value& settings,
                                LiveOutbox& out) {
  json::value usage;
  if (status == "completed") {
    usage = usage_of(answer_);
  }
  const json::object response{{"id", response_id_},      {"object", "response"},
                              {"status", status},        {"model", json_string(settings, "model")},
                              {"instructions", nullptr}, {"tools", json::array{}},
                              {"output", json::array{}}, {"error", nullptr},
                              {"usage", usage}};
  send(type, {{"response", response}}, out);
}

void LiveBackend::begin_response(const json::value& settings, LiveOutbox& out) {
  sequence_ = 0;
  send_snapshot("response.created", "in_progress", settings, out);
  send_snapshot("response.in_progress", "in_progress", settings, out);
}

void LiveBackend::call_tool(const NamedCall& call, int output_index, LiveOutbox& out) {
  const std::string& name = call.function.name;
  const std::string& arguments = call.function.arguments;
  const std::string item_id = out.ids().realtime("fc_");
  const std::string call_id = out.ids().realtime("call_");
  asked_.push_back({call_id, call.name});
  json::object item{
      {"id", item_id}, {"type", "function_call"}, {"status", "in_progress"}, {"call_id", call_id},
      {"name", name},  {"arguments", ""}};
  const json::object place{{"item_id", item_id}, {"output_index", output_index}};
  send("response.output_item.added", {{"output_index", output_index}, {"item", item}}, out);
  json::object delta = place;
  delta["delta"] = arguments;
  send("response.function_call_arguments.delta", std::move(delta), out);
  json::object done = place;
  done["name"] = name;
  done["arguments"] = arguments;
  send("response.function_call_arguments.done", std::move(done), out);
  item["status"] = "completed";
  item["arguments"] = arguments;
  send("response.output_item.done", {{"output_index", output_index}, {"item", item}}, out);
}

void LiveBackend::write_message(const std::string& text, LiveOutbox& out) {
  const std::string item_id = out.ids().realtime("msg_");
  const json::object place{{"item_id", item_id}, {"output_index", 0}, {"content_index", 0}};
  const auto with = [&](std::string_view name, const json::value& value) {
    json::object fields = place;
    fields[name] = value;
    return fields;
  };
  const auto part = [](std::string_view content) {
    return json::object{{"type", "output_text"}, {"text", content}, {"annotations", json::array{}}};
  };
  json::object item{{"id", item_id},
                    {"type", "message"},
                    {"status", "in_progress"},
                    {"role", "assistant"},
                    {"content", json::array{}}};
  send("response.output_item.added", {{"output_index", 0}, {"item", item}}, out);
  send("response.content_part.added", with("part", part("")), out);
  send("response.output_text.delta", with("delta", json::value(text)), out);
  send("response.output_text.done", with("text", json::value(text)), out);
  send("response.content_part.done", with("part", part(text)), out);
  item["status"] = "completed";
  const json::object whole = part(text);
  item["content"] = json::array{whole};
  send("response.output_item.done", {{"output_index", 0}, {"item", item}}, out);
}

void LiveBackend::start(const std::string& delegation_id,
                        const std::string& response_id,
                        const json::value& settings,
                        const std::vector<NamedCall>& calls,
                        LiveOutbox& out) {
  delegation_id_ = delegation_id;
  message_.clear();
  asked_.clear();
  response_id_ = response_id;
  begin_response(settings, out);
  call(calls, settings, out);
}

void LiveBackend::call(const std::vector<NamedCall>& calls,
                       const json::value& settings,
                       LiveOutbox& out) {
  answer_.clear();
  int output_index = 0;
  for (const NamedCall& call : calls) {
    if (has_tool(settings, call.function.name)) {
      call_tool(call, output_index++, out);
    } else {
      asked_.push_back({{}, call.name, "I have no tool named " + call.function.name + "."});
    }
  }
  if (first_waiting() == asked_.end()) {
    answer_ = simple_answer(take_material());
    write_message(answer_, out);
  }
  send_snapshot("response.completed", "completed", settings, out);
}

ApiResult<> LiveBackend::add_item(const json::value& item) {
  if (!item.is_object()) {
    return refuse(invalid_value("item", "an object"));
  }
  const auto type = json_string(item, "type", "message");
  if (type == "function_call_output") {
    const auto call_id = json_string(item, "call_id");
    if (call_id.empty()) {
      return refuse(missing_parameter("item.call_id"));
    }
    const auto waits = std::find_if(asked_.begin(), asked_.end(), [&](const Asked& asked) {
      return asked.call_id == call_id && !asked.output;
    });
    if (waits == asked_.end()) {
      return refuse(invalid_value("item.call_id", "the call_id of a call that waits"));
    }
    const auto* const output = json_at(item, "output");
    if (output == nullptr || !output->is_string()) {
      return refuse(invalid_value("item.output", "a string"));
    }
    waits->output.emplace(output->as_string());
    return {};
  }
  if (type == "message") {
    message_ = text_of(item);
    return message_.empty() ? ApiResult<>{refuse(invalid_value("item.content", "some text"))}
                            : ApiResult<>{};
  }
  return refuse(invalid_value("item.type", "one of: message function_call_output"));
}

ApiResult<LiveBackend::Material> LiveBackend::go_on(const json::value& settings, LiveOutbox& out) {
  if (const auto waits = first_waiting(); waits != asked_.end()) {
    return refuse(
        {"missing_tool_output", "No tool output found for function call " + waits->call_id + "."});
  }
  response_id_ = out.ids().realtime("resp_");
  begin_response(settings, out);
  return take_material();
}

std::vector<LiveBackend::Asked>::iterator LiveBackend::first_waiting() {
  return std::find_if(asked_.begin(), asked_.end(),
                      [](const Asked& asked) { return !asked.output; });
}

LiveBackend::Material LiveBackend::take_material() {
  Material material;
  for (Asked& asked : std::exchange(asked_, {})) {
    material.outputs.emplace_back(std::move(asked.name), asked.output.value_or(std::string{}));
  }
  material.message = std::exchange(message_, {});
  return material;
}

std::string LiveBackend::simple_answer(const Material& material) {
  std::string text;
  const auto add = [&](const std::string& more) {
    text += (text.empty() || more.empty() ? "" : " ") + more;
  };
  for (const auto& [call, output] : material.outputs) {
    add(output);
  }
  add(material.message);
  const std::string dictated = dictated_text(text);
  return !dictated.empty() ? dictated
         : text.empty()    ? std::string{"There is nothing to add."}
                           : text;
}

void LiveBackend::answer_with(std::string answer, const json::value& settings, LiveOutbox& out) {
  answer_ = std::move(answer);
  write_message(answer_, out);
  send_snapshot("response.completed", "completed", settings, out);
  delegation_id_ = nullptr;
}

}  // namespace offhook::sim
