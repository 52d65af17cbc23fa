#include "serve/call_record.hpp"

#include <algorithm>

namespace offhook::serve {

namespace json = boost::json;

std::string_view to_string(CallState state) noexcept {
  switch (state) {
    case CallState::accepting: return "accepting";
    case CallState::live: return "live";
    case CallState::ending: return "ending";
    case CallState::ended: return "ended";
  }
  return "unknown";
}

json::object to_json(const agent::Usage& usage) {
  return {{"input_text_tokens", usage.input_text_tokens},
          {"input_audio_tokens", usage.input_audio_tokens},
          {"cached_tokens", usage.cached_tokens},
          {"output_text_tokens", usage.output_text_tokens},
          {"output_audio_tokens", usage.output_audio_tokens},
          {"live_seconds", usage.live_seconds}};
}

json::object to_json(const CallRecord& call, std::int64_t now) {
  const std::int64_t until = call.ended > 0 ? call.ended : now;
  json::object object{{"id", call.id},
                      {"api", to_string(call.api)},
                      {"direction", call.outbound ? "outbound" : "inbound"},
                      {"agent", call.agent},
                      {"caller", call.caller},
                      {"called", call.called},
                      {"sip_call_id", call.sip_call_id},
                      {"state", to_string(call.state)},
                      {"resumed", call.resumed},
                      {"began", call.began},
                      {"seconds", std::max<std::int64_t>(0, until - call.began)},
                      {"transcript_lines", call.lines},
                      {"last_line", call.last_line},
                      {"usage", to_json(call.usage)}};
  if (call.state == CallState::ended) {
    object["ended"] = call.ended;
    object["outcome"] = call.outcome;
    object["reason"] = call.reason;
  }
  return object;
}

}  // namespace offhook::serve
