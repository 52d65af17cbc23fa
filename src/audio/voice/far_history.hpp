#pragma once

#include <array>
#include <cstdint>

#include "audio/voice/cleaner.hpp"

namespace offhook::audio {

/// The last second of the loudspeaker signal, readable at any delay, fractions of a sample too.
class FarHistory {
 public:
  /// Shortest and longest delay that can be read, in samples. The interpolation looks ahead.
  static constexpr double least_delay = 8;
  static constexpr double most_delay = 14'000;

  /// How much earlier than its echo a canceller reads the far signal, in samples: room for what
  /// arrives before the strongest reflection, and for the error of the estimate.
  static constexpr double margin = 320;

  FarHistory();

  void push(ConstBlockView far) noexcept;

  /// The block that was pushed `age` blocks ago, delayed by `delay` samples at its begin. `slope`
  /// is how much longer the delay gets per sample.
  void read(double delay, double slope, BlockView out, std::size_t age = 0) const noexcept;

 private:
  static constexpr std::size_t length = 16'384;
  static constexpr std::size_t taps = 16;
  static constexpr std::size_t phases = 64;

  [[nodiscard]] float interpolate(std::int64_t at, double fraction) const noexcept;

  std::array<float, length> samples_{};
  std::array<std::array<float, taps>, phases + 1> filters_{};
  std::int64_t pushed_ = 0;
};

}  // namespace offhook::audio
