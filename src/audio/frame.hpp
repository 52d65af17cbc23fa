#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace offhook::audio {

inline constexpr std::chrono::milliseconds frame_duration{20};
inline constexpr int max_sample_rate_hz = 48'000;
inline constexpr std::size_t max_frame_samples = 960;  // 20 ms at 48 kHz
static_assert(max_frame_samples == max_sample_rate_hz * frame_duration.count() / 1'000);

/// Samples of 20 ms at `sample_rate_hz`, one channel.
[[nodiscard]] constexpr std::size_t samples_per_frame(int sample_rate_hz) noexcept {
  return static_cast<std::size_t>(sample_rate_hz) / 50;
}

/// 20 ms of mono 16-bit linear sound. Fixed size, so that it crosses threads without allocation.
struct Frame {
  std::array<std::int16_t, max_frame_samples> storage{};
  std::uint16_t size = 0;  ///< Samples in use, from the front.

  [[nodiscard]] std::span<std::int16_t> samples() noexcept { return {storage.data(), size}; }
  [[nodiscard]] std::span<const std::int16_t> samples() const noexcept {
    return {storage.data(), size};
  }
  /// Makes this 20 ms of silence at `sample_rate_hz`.
  void silence(int sample_rate_hz) noexcept {
    size = static_cast<std::uint16_t>(samples_per_frame(sample_rate_hz));
    std::fill_n(storage.begin(), size, std::int16_t{0});
  }
};

}  // namespace offhook::audio
