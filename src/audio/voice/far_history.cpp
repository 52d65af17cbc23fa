#include "audio/voice/far_history.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace offhook::audio {

FarHistory::FarHistory() {
  constexpr double half = taps / 2.0;
  for (std::size_t phase = 0; phase <= phases; ++phase) {
    const double fraction = static_cast<double>(phase) / phases;
    double sum = 0;
    std::array<double, taps> filter{};
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const double x = static_cast<double>(tap) - (half - 1) - fraction;
      const double sinc = x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
      const double window = std::max(0.0, std::cos(std::numbers::pi * x / (2 * half + 1)));
      filter[tap] = sinc * window * window;
      sum += filter[tap];
    }
    for (std::size_t tap = 0; tap < taps; ++tap) {
      filters_[phase][tap] = static_cast<float>(filter[tap] / sum);
    }
  }
}

void FarHistory::push(ConstBlockView far) noexcept {
  for (const std::int16_t sample : far) {
    samples_[static_cast<std::size_t>(pushed_) % length] = sample;
    ++pushed_;
  }
}

void FarHistory::read(double delay, double slope, BlockView out, std::size_t age) const noexcept {
  const std::int64_t begin =
      pushed_ - static_cast<std::int64_t>((age + 1) * VoiceProcessor::block_samples);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double shift =
        std::clamp(delay + slope * static_cast<double>(i), least_delay, most_delay);
    const double whole = std::ceil(shift);
    const std::int64_t at = begin + static_cast<std::int64_t>(i) - static_cast<std::int64_t>(whole);
    out[i] = static_cast<std::int16_t>(
        std::clamp(std::lround(interpolate(at, whole - shift)), -32'768L, 32'767L));
  }
}

float FarHistory::interpolate(std::int64_t at, double fraction) const noexcept {
  const std::int64_t first = at - static_cast<std::int64_t>(taps / 2 - 1);
  if (first < 0) {
    return 0;
  }
  const double place = fraction * phases;
  const auto phase = std::min(static_cast<std::size_t>(place), phases - 1);
  const auto part = static_cast<float>(place - static_cast<double>(phase));
  float low = 0;
  float high = 0;
  for (std::size_t tap = 0; tap < taps; ++tap) {
    const float sample = samples_[(static_cast<std::size_t>(first) + tap) % length];
    low += filters_[phase][tap] * sample;
    high += filters_[phase + 1][tap] * sample;
  }
  return low + part * (high - low);
}

}  // namespace offhook::audio
