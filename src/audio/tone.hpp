#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>

namespace offhook::audio {

/// A sine that goes on where the last block ended.
class SineGenerator {
 public:
  /// @param amplitude  Peak, 0 to 32767.
  SineGenerator(double frequency_hz, double amplitude, int sample_rate_hz) noexcept
      : amplitude_{amplitude}, step_{2 * std::numbers::pi * frequency_hz / sample_rate_hz} {}

  void fill(std::span<std::int16_t> samples) noexcept {
    for (std::int16_t& sample : samples) {
      sample = static_cast<std::int16_t>(std::lround(amplitude_ * std::sin(phase_)));
      phase_ = std::fmod(phase_ + step_, 2 * std::numbers::pi);
    }
  }

 private:
  double amplitude_;
  double step_;
  double phase_ = 0;
};

}  // namespace offhook::audio
