#include "openai/live_event.hpp"

#include <array>
#include <span>
#include <utility>

#include <boost/json/serialize.hpp>

#include "base/base64.hpp"
#include "openai/event_fields.hpp"

namespace offhook::openai {

namespace json = boost::json;

namespace {

LiveEvent transport(std::string_view type, const Fields& fields) {
  LiveTransport event;
  event.state = type == "transport.ringing"    ? LiveTransport::State::ringing
                : type == "transport.answered" ? LiveTransport::State::answered
                                               : LiveTransport::State::failed;
  event.code = fields.text("error", "code");
  event.message = fields.text("error", "message");
  return event;
}

LiveEvent digit(bool received, const Fields& fields) {
  const std::string key = fields.text("event");
  return LiveDigit{received, key.size() == 1 ? key.front() : '\0'};
}

std::string with_id(json::object event, std::string_view event_id) {
  if (!event_id.empty()) {
    event["event_id"] = event_id;
  }
  return json::serialize(event);
}

constexpr std::array append_types{"session.instructions.append", "session.thinking.append",
                                  "session.commentary.append"};

}  // namespace

LiveEvent read_live_event(std::string_view type, const json::object& body) {
  const Fields fields{body};
  if (type == "session.started" || type == "session.updated") {
    const json::value* session = fields.at("session");
    return LiveSessionState{type == "session.started",
                            session == nullptr ? json::value{} : *session};
  }
  if (type == "session.input_transcript.delta" || type == "session.output_transcript.delta") {
    return LiveTranscriptDelta{type == "session.input_transcript.delta", fields.text("delta"),
                               fields.integer("start_ms"), fields.integer("end_ms")};
  }
  if (type == "session.delegation.created") {
    return LiveDelegation{fields.text("delegation", "id"), fields.text("delegation", "target"),
                          fields.text("delegation", "response_id"), fields.integer("offset_ms")};
  }
  if (type == "response.event") {
    const json::value* event = fields.at("event");
    return LiveResponseEvent{fields.text("delegation_id"),
                             event == nullptr ? json::value{} : *event};
  }
  if (type == "transport.dtmf.received") {
    return digit(true, fields);
  }
  if (type == "transport.dtmf.sent" || type == "transport.dtmf.send") {
    return digit(false, fields);
  }
  if (type == "transport.ringing" || type == "transport.answered" || type == "transport.failed") {
    return transport(type, fields);
  }
  if (type == "session.output_audio.fixture.playing" ||
      type == "session.output_audio.fixture.played") {
    return LiveFixture{type.ends_with("played"), fields.text("client_event_id")};
  }
  if (type == "session.usage.updated") {
    return LiveUsage{fields.number("usage", "seconds"),
                     fields.number("context_window", "usage_ratio")};
  }
  if (type == "session.closed") {
    return LiveClosed{fields.text("reason"), fields.number("usage", "seconds")};
  }
  if (type == "error") {
    std::string id = fields.text("error", "client_event_id");
    if (id.empty()) {
      id = fields.text("client_event_id");
    }
    return LiveError{fields.text("error", "code"), fields.text("error", "message"), std::move(id)};
  }
  return LiveOther{std::string{type}};
}

Result<LiveEvent> parse_live_event(std::string_view text) {
  const auto parsed = parse_json(text);
  if (!parsed) {
    return fail(Error{parsed.error()}.with("event"));
  }
  const json::object* body = parsed->if_object();
  const std::string_view type = json_string(*parsed, "type");
  if (body == nullptr || type.empty()) {
    return fail(Errc::malformed_message, "event: not an object with a type");
  }
  return read_live_event(type, *body);
}

std::string live_append(LiveContext context,
                        std::string_view content,
                        std::string_view delegation_id,
                        std::string_view event_id) {
  json::object event{{"type", append_types.at(static_cast<std::size_t>(context))},
                     {"content", content},
                     {"delegation_id", nullptr}};
  if (!delegation_id.empty()) {
    event["delegation_id"] = delegation_id;
  }
  return with_id(std::move(event), event_id);
}

std::string live_send_digit(char digit, std::string_view event_id) {
  return with_id({{"type", "transport.dtmf.send"}, {"event", std::string(1, digit)}}, event_id);
}

std::string live_play_fixture(std::string_view pcm, std::string_view event_id) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(pcm.data());
  return with_id({{"type", "session.output_audio.fixture.play"},
                  {"audio", base64_encode(std::span{bytes, pcm.size()})}},
                 event_id);
}

std::string live_mute_input(bool muted) {
  return muted ? R"({"type":"session.input_audio.mute"})"
               : R"({"type":"session.input_audio.unmute"})";
}

std::string live_close() { return R"({"type":"session.close"})"; }

std::string live_response_item(const json::object& item) {
  return json::serialize(json::object{{"type", "response.item.create"}, {"item", item}});
}

std::string live_response_create() { return R"({"type":"response.create"})"; }

}  // namespace offhook::openai
