#pragma once

#include <cmath>
#include <span>

#include "audio/voice/cleaner.hpp"

namespace offhook::audio {

[[nodiscard]] inline double energy(std::span<const std::int16_t> samples) noexcept {
  double sum = 0;
  for (const std::int16_t sample : samples) {
    sum += double{static_cast<double>(sample)} * sample;
  }
  return sum;
}

/// Echo return loss enhancement: the microphone before and after, over about a second of far sound.
class EchoMeter {
 public:
  void push(ConstBlockView far, ConstBlockView near, ConstBlockView out, bool near_talks) noexcept {
    constexpr double audible = VoiceProcessor::block_samples * 100.0 * 100.0;
    if (near_talks || energy(far) < audible) {
      return;
    }
    before_ = 0.99 * before_ + energy(near);
    after_ = 0.99 * after_ + energy(out);
  }
  [[nodiscard]] double erle_db() const noexcept {
    return before_ > 0 ? 10 * std::log10((before_ + 1) / (after_ + 1)) : 0;
  }

 private:
  double before_ = 0;
  double after_ = 0;
};

}  // namespace offhook::audio
