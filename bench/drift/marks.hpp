#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <vector>

#include "audio/tone.hpp"

namespace offhook::bench {

/// One second of silence, three of a tone, and so on. Where a tone begins is a mark whose delay can
/// be read to the millisecond, whatever was stretched on the way.
class MarkedTalk {
 public:
  explicit MarkedTalk(int rate_hz)
      : silence_samples_{rate_hz},
        period_samples_{4 * rate_hz},
        wave_(static_cast<std::size_t>(rate_hz / tone_hz)) {
    audio::SineGenerator{tone_hz, 8'000, rate_hz}.fill(wave_);
  }

  /// @return the index of the sample that a mark begins with, if any.
  std::optional<std::size_t> fill(std::span<std::int16_t> samples) noexcept {
    std::optional<std::size_t> mark;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (at_ == silence_samples_) {
        mark = i;
        in_wave_ = 0;
      }
      samples[i] = at_ < silence_samples_ ? std::int16_t{0} : wave_[in_wave_];
      in_wave_ = in_wave_ + 1 < wave_.size() ? in_wave_ + 1 : 0;
      at_ = at_ + 1 < period_samples_ ? at_ + 1 : 0;
    }
    return mark;
  }

 private:
  static constexpr int tone_hz = 400;

  int silence_samples_;
  int period_samples_;
  int at_ = 0;
  std::vector<std::int16_t> wave_;  ///< One period; whole at every rate of telephony.
  std::size_t in_wave_ = 0;
};

/// Finds the marks of `MarkedTalk` again.
class MarkFinder {
 public:
  explicit MarkFinder(int rate_hz) : pause_samples_{rate_hz / 2} {}

  /// @return the index of the sample that a mark begins with, if any.
  std::optional<std::size_t> hear(std::span<const std::int16_t> samples) noexcept {
    constexpr int loud = 2'000;
    std::optional<std::size_t> mark;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (std::abs(int{samples[i]}) < loud) {
        ++quiet_samples_;
        continue;
      }
      if (quiet_samples_ >= pause_samples_) {
        mark = i;
      }
      quiet_samples_ = 0;
    }
    return mark;
  }

 private:
  int pause_samples_;
  int quiet_samples_ = 0;
};

}  // namespace offhook::bench
