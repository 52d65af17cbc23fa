#include "openai/realtime_event.hpp"

#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/json.hpp"
#include "openai/event_fields.hpp"
#include "openai/sideband_event.hpp"

namespace offhook::openai {

namespace json = boost::json;

namespace {

std::uint64_t tokens(const json::value& usage, std::string_view path) {
  const auto count = json_int(usage, path);
  return count && *count > 0 ? static_cast<std::uint64_t>(*count) : 0;
}

RealtimeUsage read_usage(const json::value& usage) {
  return {tokens(usage, "input_token_details.text_tokens"),
          tokens(usage, "input_token_details.audio_tokens"),
          tokens(usage, "input_token_details.cached_tokens"),
          tokens(usage, "output_token_details.text_tokens"),
          tokens(usage, "output_token_details.audio_tokens")};
}

RealtimeEvent response(bool done, const json::value* value) {
  RealtimeResponse event;
  event.done = done;
  if (value == nullptr) {
    return event;
  }
  event.id = json_string(*value, "id");
  event.status = json_string(*value, "status", event.status);
  const json::value* conversation = json_at(*value, "conversation_id");
  event.in_conversation = conversation == nullptr || !conversation->is_null();
  if (const json::value* metadata = json_at(*value, "metadata");
      metadata != nullptr && metadata->is_object()) {
    event.metadata = metadata->get_object();
  }
  if (const json::value* output = json_at(*value, "output");
      output != nullptr && output->is_array()) {
    event.output.emplace();
    for (const json::value& item : output->get_array()) {
      event.output->push_back(read_conversation_item(item));
    }
  }
  if (const json::value* usage = json_at(*value, "usage")) {
    event.usage = read_usage(*usage);
  }
  return event;
}

RealtimeEvent item_event(RealtimeItemEvent::Step step, const Fields& fields) {
  RealtimeItemEvent event{step, {}, fields.text("previous_item_id")};
  if (const json::value* item = fields.at("item")) {
    event.item = read_conversation_item(*item);
    if (event.previous_item_id.empty()) {
      event.previous_item_id = json_string(*item, "previous_item_id");
    }
  }
  return event;
}

std::string message_item(std::string_view text) {
  const json::object part{{"type", "input_text"}, {"text", text}};
  const json::object item{
      {"type", "message"}, {"role", "user"}, {"content", json::array{json::value(part)}}};
  return json::serialize(json::object{{"type", "conversation.item.create"}, {"item", item}});
}

}  // namespace

RealtimeEvent read_realtime_event(std::string_view type, const json::object& body) {
  const Fields fields{body};
  using Words = RealtimeModelWords;
  if (type == "response.created" || type == "response.done") {
    return response(type == "response.done", fields.at("response"));
  }
  if (type == "conversation.item.added" || type == "conversation.item.created") {
    return item_event(RealtimeItemEvent::Step::added, fields);
  }
  if (type == "conversation.item.done") {
    return item_event(RealtimeItemEvent::Step::done, fields);
  }
  if (type == "conversation.item.retrieved") {
    return item_event(RealtimeItemEvent::Step::retrieved, fields);
  }
  if (type == "conversation.item.truncated") {
    return RealtimeTruncated{fields.text("item_id")};
  }
  if (type == "conversation.item.input_audio_transcription.completed") {
    return RealtimeCallerWords{fields.text("item_id"), fields.text("transcript")};
  }
  if (type == "conversation.item.input_audio_transcription.failed") {
    return RealtimeCallerWords{fields.text("item_id"), {}};
  }
  if (type == "response.output_audio_transcript.delta" || type == "response.output_text.delta") {
    return Words{Words::Step::delta, fields.text("item_id"), fields.text("response_id"),
                 fields.text("delta")};
  }
  if (type == "response.output_audio_transcript.done") {
    return Words{Words::Step::spoken, fields.text("item_id"), fields.text("response_id"),
                 fields.text_if("transcript")};
  }
  if (type == "response.output_text.done") {
    return Words{Words::Step::written, fields.text("item_id"), fields.text("response_id"),
                 fields.text_if("text")};
  }
  if (type == "input_audio_buffer.speech_started" || type == "input_audio_buffer.speech_stopped") {
    return RealtimeSpeech{type.ends_with("started"), fields.text("item_id")};
  }
  if (type == "input_audio_buffer.committed") {
    return RealtimeCommitted{fields.text("item_id")};
  }
  if (type == "input_audio_buffer.dtmf_event_received") {
    const std::string key = fields.text("event");
    return RealtimeDigit{key.size() == 1 ? key.front() : '\0'};
  }
  if (type == "output_audio_buffer.started") {
    return RealtimePlayback{RealtimePlayback::Step::started, fields.text("response_id")};
  }
  if (type == "output_audio_buffer.stopped") {
    return RealtimePlayback{RealtimePlayback::Step::stopped, fields.text("response_id")};
  }
  if (type == "output_audio_buffer.cleared") {
    return RealtimePlayback{RealtimePlayback::Step::cleared, fields.text("response_id")};
  }
  if (type == "response.mcp_call_arguments.done") {
    return RealtimeMcpCall{false, fields.text("item_id"), fields.text("response_id")};
  }
  if (type == "response.mcp_call.completed" || type == "response.mcp_call.failed") {
    return RealtimeMcpCall{true, fields.text("item_id"), {}};
  }
  if (type == "mcp_list_tools.failed") {
    return RealtimeMcpListFailed{};
  }
  if (type == "error") {
    return RealtimeError{fields.text("error", "code"), fields.text("error", "message"),
                         fields.text("error", "event_id")};
  }
  return RealtimeOther{std::string{type}};
}

Result<RealtimeEvent> parse_realtime_event(std::string_view text) {
  const auto event = parse_sideband_event(text);
  if (!event) {
    return fail(event.error());
  }
  return read_realtime_event(event->type, event->body);
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
