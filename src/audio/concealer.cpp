#include "audio/concealer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace offhook::audio {
namespace {

std::int16_t to_sample(float value) noexcept {
  return static_cast<std::int16_t>(std::lround(std::clamp(value, -32'768.F, 32'767.F)));
}

}  // namespace

Concealer::Concealer(int sample_rate_hz) noexcept
    : rate_{static_cast<std::size_t>(sample_rate_hz)},
      history_size_{std::min(history_capacity, rate_ / 25)} {}

void Concealer::received(std::span<std::int16_t> samples) noexcept {
  if (made_up_ > 0) {
    const std::size_t overlap = std::min(rate_ / 200, samples.size());
    for (std::size_t i = 0; i < overlap; ++i) {
      const float mix = (static_cast<float>(i) + 0.5F) / static_cast<float>(overlap);
      samples[i] = to_sample(mix * static_cast<float>(samples[i]) + (1 - mix) * next_made_up());
    }
    made_up_ = 0;
  }
  remember(samples);
}

void Concealer::lost(std::span<std::int16_t> samples) noexcept {
  if (made_up_ == 0) {
    begin_loss();
  }
  for (std::int16_t& sample : samples) {
    sample = to_sample(next_made_up());
  }
  remember(samples);
}

void Concealer::remember(std::span<const std::int16_t> samples) noexcept {
  const auto kept = samples.last(std::min(samples.size(), history_size_));
  const auto used = history_.begin() + static_cast<std::ptrdiff_t>(history_size_);
  std::shift_left(history_.begin(), used, static_cast<std::ptrdiff_t>(kept.size()));
  std::transform(kept.begin(), kept.end(), used - static_cast<std::ptrdiff_t>(kept.size()),
                 [](std::int16_t sample) { return static_cast<float>(sample); });
}

void Concealer::begin_loss() noexcept {
  period_ = find_period();
  const float* end = history_.data() + history_size_;
  std::copy(end - period_, end, cycle_.begin());
  // The end of the cycle slides into what came before its start, so that it repeats without a step.
  const std::size_t overlap = period_ / 4;
  for (std::size_t i = 0; i < overlap; ++i) {
    const float mix = static_cast<float>(i + 1) / static_cast<float>(overlap);
    float& sample = cycle_[period_ - overlap + i];
    sample += mix * (*(end - period_ - overlap + i) - sample);
  }
  jump_ = *(end - 1) - *(end - 1 - period_);
}

std::size_t Concealer::find_period() const noexcept {
  const std::size_t shortest = rate_ / 400;  // 400 Hz
  const std::size_t longest = std::min(longest_period, rate_ * 15 / 1'000);
  const std::size_t window = history_size_ - longest;
  const float* recent = history_.data() + longest;
  std::size_t best_period = longest;
  float best = std::numeric_limits<float>::lowest();
  for (std::size_t period = shortest; period <= longest; ++period) {
    float cross = 0;
    float energy = 1;
    for (std::size_t i = 0; i < window; ++i) {
      const float earlier = *(recent + i - period);
      cross += recent[i] * earlier;
      energy += earlier * earlier;
    }
    const float match = cross / std::sqrt(energy);
    if (match > best) {
      best = match;
      best_period = period;
    }
  }
  return best_period;
}

float Concealer::next_made_up() noexcept {
  const auto held = static_cast<float>(rate_) / 100;  // 10 ms
  const auto age = static_cast<float>(made_up_);
  const float gain = std::clamp(1 - (age - held) / (5 * held), 0.F, 1.F);
  const float correction = jump_ * std::max(0.F, 1 - age / (held / 4));
  const float value = cycle_[made_up_ % period_] + correction;
  ++made_up_;
  return gain * value;
}

}  // namespace offhook::audio
