#include "serve/stored_call.hpp"

#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/json.hpp"

namespace offhook::serve {

namespace json = boost::json;

store::NewCall to_stored(const JournalCall& call) {
  json::array headers;
  for (const openai::SipHeaderField& field : call.offer.sip_headers) {
    headers.push_back(json::object{{"name", field.name}, {"value", field.value}});
  }
  const json::object detail{{"sip_headers", std::move(headers)},
                            {"media_security", call.offer.media_security},
                            {"created_at", call.offer.created_at},
                            {"began", call.began}};
  store::NewCall stored;
  stored.call_id = call.offer.id;
  stored.api = to_string(call.offer.api);
  stored.webhook_id = call.offer.webhook_id;
  stored.sip_call_id = call.offer.sip_call_id();
  stored.agent = call.agent;
  stored.model = call.model;
  stored.caller = call.caller;
  stored.called = call.called;
  stored.detail = json::serialize(detail);
  stored.direction = call.outbound ? "outbound" : "inbound";
  return stored;
}

JournalEnding never_named(const JournalCall& call) {
  return {.call_id = call.offer.id,
          .outcome = "unknown",
          .reason =
              "the process ended while the call was being placed: it may have been, look into "
              "the carrier's records",
          .usage = {}};
}

agent::Usage from_stored(const store::Usage& usage) {
  const auto count = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  return {.input_text_tokens = count(usage.input_text_tokens),
          .input_audio_tokens = count(usage.input_audio_tokens),
          .cached_tokens = count(usage.cached_tokens),
          .output_text_tokens = count(usage.output_text_tokens),
          .output_audio_tokens = count(usage.output_audio_tokens),
          .live_seconds = usage.live_seconds};
}

JournalCall from_stored(const store::Call& call) {
  JournalCall found;
  found.offer.id = call.info.call_id;
  found.offer.api = call.info.api == "live" ? agent::Api::live : agent::Api::realtime;
  found.offer.webhook_id = call.info.webhook_id;
  found.agent = call.info.agent;
  found.model = call.info.model;
  found.caller = call.info.caller;
  found.called = call.info.called;
  found.began = call.began_at_ms / 1'000;
  found.used = from_stored(call.usage);
  found.outbound = call.info.direction == "outbound";
  const auto detail = parse_json(call.info.detail);
  if (!detail) {
    return found;
  }
  found.offer.media_security = json_string(*detail, "media_security");
  found.offer.created_at = json_int(*detail, "created_at").value_or(0);
  found.began = json_int(*detail, "began").value_or(found.began);
  const json::value* listed = json_at(*detail, "sip_headers");
  if (listed != nullptr && listed->is_array()) {
    for (const json::value& field : listed->get_array()) {
      found.offer.sip_headers.push_back(
          {std::string{json_string(field, "name")}, std::string{json_string(field, "value")}});
    }
  }
  return found;
}

agent::ToolLedger::Unfinished from_stored(const std::string& call_id, const store::Tool& tool) {
  agent::ToolLedger::Unfinished left;
  left.call.call_id = call_id;
  left.call.function_call_id = tool.function_call_id;
  left.call.name = tool.name;
  const auto arguments = parse_json(tool.arguments);
  if (arguments && arguments->is_object()) {
    left.call.arguments = arguments->get_object();
  }
  left.state = static_cast<agent::ToolLedger::State>(tool.state);
  return left;
}

store::Usage to_stored(const agent::Usage& usage, double seconds) {
  return {.input_text_tokens = static_cast<std::int64_t>(usage.input_text_tokens),
          .input_audio_tokens = static_cast<std::int64_t>(usage.input_audio_tokens),
          .cached_tokens = static_cast<std::int64_t>(usage.cached_tokens),
          .output_text_tokens = static_cast<std::int64_t>(usage.output_text_tokens),
          .output_audio_tokens = static_cast<std::int64_t>(usage.output_audio_tokens),
          .live_seconds = usage.live_seconds,
          .seconds = seconds};
}

}  // namespace offhook::serve
