#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace offhook::audio {

/// Packet loss concealment for codecs that have none: repeats the last pitch period, quieter and
/// quieter, and cross-fades back into real sound.
///
/// Holds 10 ms, then fades to silence within 60 ms of the loss. One per stream, at 8000 or 16000
/// Hz, fed with every 20 ms frame in order. Does not allocate.
class Concealer {
 public:
  explicit Concealer(int sample_rate_hz) noexcept;

  /// Learns from a decoded frame; after a loss also smooths its first 5 ms in place.
  void received(std::span<std::int16_t> samples) noexcept;
  /// Makes up the frame that did not come.
  void lost(std::span<std::int16_t> samples) noexcept;

 private:
  static constexpr std::size_t history_capacity = 640;  // 40 ms at 16 kHz
  static constexpr std::size_t longest_period = 240;    // 15 ms at 16 kHz

  void remember(std::span<const std::int16_t> samples) noexcept;
  void begin_loss() noexcept;
  [[nodiscard]] std::size_t find_period() const noexcept;
  [[nodiscard]] float next_made_up() noexcept;

  std::size_t rate_;
  std::size_t history_size_;
  std::array<float, history_capacity> history_{};  // oldest first
  std::array<float, longest_period> cycle_{};
  std::size_t period_ = 1;
  std::size_t made_up_ = 0;  // samples since the loss began; 0 while all is well
  float jump_ = 0;           // step between the last real sample and the cycle's start
};

}  // namespace offhook::audio
