#include "audio/voice_activity.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace offhook::audio {
namespace {

constexpr int analysis_rate_hz = 8'000;
constexpr float full_scale_db = 90.3F;  // 20 log10(32768)

// Second-order Butterworth high pass, 150 Hz at 8 kHz: hum and handling noise are no speech.
constexpr float high_pass_gain = 0.920043F;
constexpr float high_pass_a1 = -1.833734F;
constexpr float high_pass_a2 = 0.846436F;

}  // namespace

float VoiceActivity::process(const Frame& frame, int rate_hz) noexcept {
  const bool known_rate =
      rate_hz == 8'000 || rate_hz == 16'000 || rate_hz == 24'000 || rate_hz == 48'000;
  if (!known_rate || frame.size != samples_per_frame(rate_hz)) {
    return 0;
  }
  const float energy =
      filter(frame.samples(), static_cast<std::size_t>(rate_hz / analysis_rate_hz));
  level_ = 10 * std::log10(energy + 1e-3F) - full_scale_db;
  const bool loud = level_ > -60 && level_ - floor_ > 3;
  // Unvoiced sounds ride on the last voiced one.
  voiced_ = std::max(loud ? voicing() : 0.F, 0.92F * voiced_);
  follow_floor();
  const float above_floor = level_ - floor_;
  float evidence = std::min(0.7F * (above_floor - 7), 14 * (voiced_ - 0.52F));
  if (level_ < -50) {
    evidence -= 0.4F * (-50 - level_);
  }
  const float probability = 1 / (1 + std::exp(-evidence));
  speech_ = probability > 0.5F;
  return probability;
}

/// Brings the samples to 8 kHz by averaging, takes the rumble out, keeps the result for `voicing`.
/// @return mean square.
float VoiceActivity::filter(std::span<const std::int16_t> samples, std::size_t factor) noexcept {
  float energy = 0;
  for (std::size_t i = 0; i + factor <= samples.size(); i += factor) {
    float input = 0;
    for (const std::int16_t sample : samples.subspan(i, factor)) {
      input += static_cast<float>(sample);
    }
    input /= static_cast<float>(factor);
    const float output = high_pass_gain * (input - 2 * inputs_[0] + inputs_[1]) -
                         high_pass_a1 * outputs_[0] - high_pass_a2 * outputs_[1];
    inputs_ = {input, inputs_[0]};
    outputs_ = {output, outputs_[0]};
    history_[position_] = output;
    position_ = (position_ + 1) % history_size;
    energy += output * output;
  }
  return energy * static_cast<float>(factor) / static_cast<float>(samples.size());
}

/// Largest normalised autocorrelation of the last 25 ms over the lags of 70 to 400 Hz.
float VoiceActivity::voicing() const noexcept {
  constexpr std::size_t window = 200;
  std::array<float, history_size> signal{};
  std::rotate_copy(history_.begin(), history_.begin() + static_cast<std::ptrdiff_t>(position_),
                   history_.end(), signal.begin());
  float best = 0;
  for (std::size_t lag = analysis_rate_hz / 400; lag <= analysis_rate_hz / 70; ++lag) {
    float cross = 0;
    float energy = 1;
    float earlier_energy = 1;
    for (std::size_t i = history_size - window; i < history_size; i += 2) {
      const float now = signal[i];
      const float earlier = signal[i - lag];
      cross += now * earlier;
      energy += now * now;
      earlier_energy += earlier * earlier;
    }
    best = std::max(best, cross / std::sqrt(energy * earlier_energy));
  }
  return best;
}

/// The floor falls fast, and rises slowly in speech and faster in steady unvoiced noise; the lowest
/// smoothed level of the last 3 s bounds it from below, which catches babble and music.
void VoiceActivity::follow_floor() noexcept {
  if (level_ < floor_) {
    floor_ += 0.3F * (level_ - floor_);
  } else if (voiced_ < 0.45F) {
    floor_ += std::min(0.30F, 0.1F * (level_ - floor_));
  } else {
    floor_ += speech_ ? 0.008F : 0.05F;
  }
  smoothed_level_ += 0.2F * (level_ - smoothed_level_);
  lowest_now_ = std::min(lowest_now_, smoothed_level_);
  if (++frames_in_lowest_ == 25) {
    frames_in_lowest_ = 0;
    lowest_[lowest_index_] = lowest_now_;
    lowest_index_ = (lowest_index_ + 1) % lowest_.size();
    lowest_now_ = smoothed_level_;
  }
  const float lowest = *std::min_element(lowest_.begin(), lowest_.end());
  floor_ = std::clamp(std::max(floor_, lowest), -75.F, -22.F);
}

}  // namespace offhook::audio
