#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/error.hpp"

namespace offhook::openai {

// Server events of a Live sideband (docs/openai-behaviour.md 10). All times in ms of the session.

/// `session.started`, first on every socket, and `session.updated`.
struct LiveSessionState {
  bool started = false;
  boost::json::value session;
};

/// `session.input_transcript.delta` and `session.output_transcript.delta`.
struct LiveTranscriptDelta {
  bool caller = false;
  std::string text;
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
};

/// `session.delegation.created`: the model hands something to `target`.
struct LiveDelegation {
  std::string id;
  std::string target;  ///< "client", "responses" or "decisions".
  std::string response_id;
  std::int64_t offset_ms = 0;
};

/// `response.event`: an event of the Responses model that a delegation went to.
struct LiveResponseEvent {
  std::string delegation_id;  ///< Empty: not of a delegation.
  boost::json::value event;
};

/// `transport.dtmf.received` and `transport.dtmf.sent` (also by its older name).
struct LiveDigit {
  bool received = false;
  char digit = 0;
};

/// `transport.ringing`, `transport.answered` and `transport.failed` of an outbound call.
struct LiveTransport {
  enum class State : std::uint8_t { ringing, answered, failed };
  State state = State::ringing;
  std::string code;  ///< Of a failure, such as "provider_invite_failed".
  std::string message;
};

/// `session.output_audio.fixture.playing` and `.played`.
struct LiveFixture {
  bool over = false;
  std::string client_event_id;
};

/// `session.usage.updated`.
struct LiveUsage {
  double seconds = 0;
  double context_ratio = 0;
};

/// `session.closed`: the last event.
struct LiveClosed {
  std::string reason;  ///< "remote_hangup", "close_requested", "expired", …
  double seconds = 0;
};

/// `error`: one client event was refused; the session goes on.
struct LiveError {
  std::string code;
  std::string message;
  std::string client_event_id;
};

/// Any other type, passed through.
struct LiveOther {
  std::string type;
};

using LiveEvent = std::variant<LiveOther,
                               LiveSessionState,
                               LiveTranscriptDelta,
                               LiveDelegation,
                               LiveResponseEvent,
                               LiveDigit,
                               LiveTransport,
                               LiveFixture,
                               LiveUsage,
                               LiveClosed,
                               LiveError>;

/// Reads an event whose fields may be missing or odd: what cannot be read stays empty.
/// @return `LiveOther` for a type that is not known here.
[[nodiscard]] LiveEvent read_live_event(std::string_view type, const boost::json::object& body);

/// The same from text. @return `malformed_message` when it is no JSON object with a string `type`.
[[nodiscard]] Result<LiveEvent> parse_live_event(std::string_view text);

// Client events, ready to send. `event_id` comes back as `client_event_id`.

/// What `append` adds to.
enum class LiveContext : std::uint8_t {
  instructions,  ///< What the model is to do.
  thinking,      ///< What it knows and keeps to itself.
  commentary,    ///< What it is to tell.
};
/// @param content        At most 500 tokens.
/// @param delegation_id  Empty: of no delegation (null on the wire).
[[nodiscard]] std::string live_append(LiveContext context,
                                      std::string_view content,
                                      std::string_view delegation_id,
                                      std::string_view event_id = {});
[[nodiscard]] std::string live_send_digit(char digit, std::string_view event_id = {});
/// @param pcm  PCM16LE mono at 24 kHz, at most 30 s.
[[nodiscard]] std::string live_play_fixture(std::string_view pcm, std::string_view event_id = {});
[[nodiscard]] std::string live_mute_input(bool muted);
[[nodiscard]] std::string live_close();
/// An item for the Responses model, such as the output of a function.
[[nodiscard]] std::string live_response_item(const boost::json::object& item);
[[nodiscard]] std::string live_response_create();

}  // namespace offhook::openai
