#pragma once

#include <cstdint>

namespace offhook::agent {

/// Tokens (Realtime) or seconds (Live) that a call has used.
struct Usage {
  std::uint64_t input_text_tokens = 0;
  std::uint64_t input_audio_tokens = 0;
  std::uint64_t cached_tokens = 0;
  std::uint64_t output_text_tokens = 0;
  std::uint64_t output_audio_tokens = 0;
  double live_seconds = 0;

  [[nodiscard]] bool operator==(const Usage&) const noexcept = default;
  [[nodiscard]] std::uint64_t tokens() const noexcept {
    return input_text_tokens + input_audio_tokens + output_text_tokens + output_audio_tokens;
  }
};

}  // namespace offhook::agent
