#include <functional>
#include <unordered_map>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "base/json.hpp"
#include "base/printable.hpp"
#include "openai/sideband_event.hpp"

namespace offhook::openai {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_speech = 200;
constexpr std::size_t longest_word = 64;

/// A short field: an id, a name, a code.
std::string word(const json::value& event, std::string_view path) {
  return printable(json_string(event, path), longest_word);
}

std::string speech(const json::value& event, std::string_view path) {
  return "\"" + printable(json_string(event, path), longest_speech) + "\"";
}

/// "first, second": empty parts are left out.
std::string listed(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts) {
    text += (text.empty() || part.empty() ? "" : ", ") + part;
  }
  return text;
}

std::string number(const json::value& event, std::string_view path, std::string_view unit) {
  const auto value = json_int(event, path);
  return value ? std::to_string(*value) + std::string{unit} : std::string{};
}

std::string session(const json::value& event) {
  return listed({word(event, "session.model"), word(event, "session.audio.output.voice"),
                 word(event, "session.audio.output.format.type")});
}

std::string failure(const json::value& event, const std::string& at) {
  const std::string code = word(event, at + ".code");
  const std::string message = printable(json_string(event, at + ".message"), longest_speech);
  return code + (code.empty() || message.empty() ? "" : ": ") + message;
}

std::string response(const json::value& event) {
  return listed({word(event, "response.status"), word(event, "response.status_details.reason"),
                 failure(event, "response.status_details.error"),
                 number(event, "response.usage.total_tokens", " tokens")});
}

std::string item(const json::value& event) {
  return listed({word(event, "item.type"), word(event, "item.role"),
                 word(event, "item.server_label"), word(event, "item.name"),
                 word(event, "item.status")});
}

std::string rate_limits(const json::value& event) {
  std::string text;
  const json::value* value = json_at(event, "rate_limits");
  const json::array* limits = value == nullptr ? nullptr : value->if_array();
  for (std::size_t i = 0; limits != nullptr && i < limits->size() && i < 4; ++i) {
    const json::value& limit = (*limits)[i];
    text = listed({text, number(limit, "remaining", " ") + word(limit, "name") + " left"});
  }
  return text;
}

/// What is worth reading about the types that offhook knows; the others speak for themselves.
using Describe = std::function<std::string(const json::value&)>;

std::unordered_map<std::string_view, Describe> describers() {
  const auto delta = [](const json::value& event) { return speech(event, "delta"); };
  const auto transcript = [](const json::value& event) { return speech(event, "transcript"); };
  const auto text = [](const json::value& event) { return speech(event, "text"); };
  const auto whole_error = [](const json::value& event) { return failure(event, "error"); };
  return {
      {"session.created", session},
      {"session.updated", session},
      {"conversation.item.added", item},
      {"conversation.item.done", item},
      {"conversation.item.created", item},
      {"conversation.item.retrieved", item},
      {"response.output_item.added", item},
      {"response.output_item.done", item},
      {"conversation.item.truncated",
       [](const json::value& event) { return "after " + number(event, "audio_end_ms", " ms"); }},
      {"conversation.item.input_audio_transcription.delta", delta},
      {"conversation.item.input_audio_transcription.completed", transcript},
      {"conversation.item.input_audio_transcription.segment", text},
      {"conversation.item.input_audio_transcription.failed", whole_error},
      {"input_audio_buffer.speech_started",
       [](const json::value& event) { return number(event, "audio_start_ms", " ms"); }},
      {"input_audio_buffer.speech_stopped",
       [](const json::value& event) { return number(event, "audio_end_ms", " ms"); }},
      {"input_audio_buffer.dtmf_event_received",
       [](const json::value& event) { return word(event, "event"); }},
      {"response.created", response},
      {"response.done", response},
      {"response.output_audio.delta",
       [](const json::value& event) {
         return std::to_string(json_string(event, "delta").size()) + " base64 characters";
       }},
      {"response.output_audio_transcript.delta", delta},
      {"response.output_audio_transcript.done", transcript},
      {"response.output_text.delta", delta},
      {"response.output_text.done", text},
      {"response.function_call_arguments.delta", delta},
      {"response.function_call_arguments.done",
       [](const json::value& event) {
         return word(event, "name") + "(" +
                printable(json_string(event, "arguments"), longest_speech) + ")";
       }},
      {"response.mcp_call_arguments.delta", delta},
      {"response.mcp_call_arguments.done",
       [](const json::value& event) {
         return printable(json_string(event, "arguments"), longest_speech);
       }},
      {"rate_limits.updated", rate_limits},
      {"error", whole_error},
  };
}

}  // namespace

std::string describe(const SidebandEvent& event) {
  static const auto known = describers();
  std::string line = printable(event.type, longest_word);
  if (const auto found = known.find(event.type); found != known.end()) {
    const std::string rest = found->second(event.body);
    line += (rest.empty() ? "" : " ") + rest;
  }
  return line;
}

}  // namespace offhook::openai
