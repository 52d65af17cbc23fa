#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace offhook::audio {

/// Samples of the signal that `audio-check` plays, from `begin` to before `end`.
struct Section {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// What is played to find out about a room: silence, sweeps, speech, sweeps; at the device's rate.
struct CheckSignal {
  std::vector<std::int16_t> samples;
  Section quiet;                    ///< Nothing is played: the noise of the room.
  std::vector<std::size_t> sweeps;  ///< Where each begins.
  Section speech;                   ///< What the echo canceller has to take out.
};

/// @param speech  At the device's rate; repeated or cut to 6 s, and made as loud as a model's
///                voice. Empty: silence.
[[nodiscard]] CheckSignal make_check_signal(std::span<const std::int16_t> speech);

}  // namespace offhook::audio
