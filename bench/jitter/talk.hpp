#pragma once

#include <cstdint>
#include <vector>

namespace offhook::bench {

inline constexpr int talk_rate_hz = 16'000;

/// Something like speech, the same in every run: syllables of a gliding voice and of noise, words,
/// pauses between the sentences. No two places in it are alike, so that a delay can be read off.
[[nodiscard]] std::vector<std::int16_t> talk(int seconds, std::uint64_t seed);

}  // namespace offhook::bench
