#include "openai/realtime_event.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/json.hpp"

namespace offhook::openai {

namespace json = boost::json;

namespace {

std::string message_item(std::string_view text) {
  const json::object part{{"type", "input_text"}, {"text", text}};
  const json::object item{
      {"type", "message"}, {"role", "user"}, {"content", json::array{json::value(part)}}};
  return json::serialize(json::object{{"type", "conversation.item.create"}, {"item", item}});
}

}  // namespace

Result<RealtimeEvent> parse_realtime_event(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed) {
    return fail(std::move(parsed).error().with("event"));
  }
  json::object* body = parsed->if_object();
  if (body == nullptr) {
    return fail(Errc::malformed_message, "event: not an object");
  }
  const json::value* type = body->if_contains("type");
  if (type == nullptr || !type->is_string() || type->get_string().empty()) {
    return fail(Errc::malformed_message, "event: no type");
  }
  std::string name{std::string_view{type->get_string()}};
  return RealtimeEvent{std::move(name), std::move(*body)};
}

std::string response_create(std::string_view instructions) {
  json::object event{{"type", "response.create"}};
  if (!instructions.empty()) {
    event["response"] = json::object{{"instructions", instructions}};
  }
  return json::serialize(event);
}

std::string response_cancel() { return R"({"type":"response.cancel"})"; }

std::string output_audio_buffer_clear() { return R"({"type":"output_audio_buffer.clear"})"; }

std::string function_call_output(std::string_view call_id, std::string_view output) {
  const json::object item{
      {"type", "function_call_output"}, {"call_id", call_id}, {"output", output}};
  return json::serialize(json::object{{"type", "conversation.item.create"}, {"item", item}});
}

std::string user_message(std::string_view text) { return message_item(text); }

}  // namespace offhook::openai
