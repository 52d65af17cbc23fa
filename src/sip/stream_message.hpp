#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace offhook::sip {

/// What is known of a message at the beginning of a stream.
struct StreamMessage {
  enum class State : std::uint8_t { incomplete, complete, unreadable };
  State state = State::incomplete;
  std::size_t size =
      0;  ///< complete: of the whole message. Else, if known, what it takes to go on.
  bool doubtful = false;  ///< incomplete: its first line is none, and only its Via is waited for.
};

/// Reads the message that `stream`, which is not empty, begins with.
[[nodiscard]] StreamMessage read_message(std::string_view stream);

}  // namespace offhook::sip
