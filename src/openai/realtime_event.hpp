#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/error.hpp"

namespace offhook::openai {

/// One server event of a Realtime sideband. Unknown types and fields pass through untouched: the
/// list grows (docs/openai-behaviour.md 6).
struct RealtimeEvent {
  std::string type;          ///< "response.done", …
  boost::json::object body;  ///< The whole event.
};

/// @return `malformed_message` when the text is no JSON object with a string `type`.
[[nodiscard]] Result<RealtimeEvent> parse_realtime_event(std::string_view text);

/// One readable line about an event for the terminal, for instance
/// `response.done completed, 128 tokens`; deltas and audio are shortened.
[[nodiscard]] std::string describe(const RealtimeEvent& event);

// Client events (docs/openai-behaviour.md 5), ready to send.

/// @param instructions  Empty: the session's own.
[[nodiscard]] std::string response_create(std::string_view instructions = {});
[[nodiscard]] std::string response_cancel();
[[nodiscard]] std::string output_audio_buffer_clear();
[[nodiscard]] std::string function_call_output(std::string_view call_id, std::string_view output);
[[nodiscard]] std::string user_message(std::string_view text);

}  // namespace offhook::openai
