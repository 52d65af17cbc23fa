#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/error.hpp"

namespace offhook::openai {

/// One server event of a sideband, of either API, as it came. `read_realtime_event` and
/// `read_live_event` make something typed of it.
struct SidebandEvent {
  std::string type;          ///< "response.done", …
  boost::json::object body;  ///< The whole event.
};

/// @return `malformed_message` when the text is no JSON object with a string `type`.
[[nodiscard]] Result<SidebandEvent> parse_sideband_event(std::string_view text);

/// One readable line about an event for the terminal, for instance
/// `response.done completed, 128 tokens`; deltas and audio are shortened.
[[nodiscard]] std::string describe(const SidebandEvent& event);

}  // namespace offhook::openai
