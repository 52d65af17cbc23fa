#include "delay_track.hpp"

#include <cmath>

namespace offhook::bench {
namespace {

constexpr int rate_hz = 4'000;
constexpr int longest_lag = 700 * rate_hz / 1'000;
constexpr float least_energy = 1e6F;  // of a window of 1000 samples: -60 dBFS
constexpr float least_likeness = 0.6F;

std::vector<float> decimated(std::span<const std::int16_t> sound, int factor) {
  std::vector<float> out;
  const auto step = static_cast<std::size_t>(factor);
  for (std::size_t at = 0; at + step <= sound.size(); at += step) {
    float sum = 0;
    for (std::size_t i = 0; i < step; ++i) {
      sum += static_cast<float>(sound[at + i]);
    }
    out.push_back(sum / static_cast<float>(step));
  }
  return out;
}

float energy(std::span<const float> a) {
  float sum = 0;
  for (const float value : a) {
    sum += value * value;
  }
  return sum;
}

float product(std::span<const float> a, std::span<const float> b) {
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

}  // namespace

DelayTrack::DelayTrack(std::span<const std::int16_t> said, int said_rate_hz)
    : factor_{said_rate_hz / rate_hz}, said_{decimated(said, factor_)} {}

std::optional<double> DelayTrack::lag_ms(std::span<const std::int16_t> heard, double at_ms) const {
  const std::vector<float> window = decimated(heard, factor_);
  const float window_energy = energy(window);
  if (window_energy < least_energy) {
    return std::nullopt;
  }
  const auto at = static_cast<std::ptrdiff_t>(std::lround(at_ms * rate_hz / 1'000));
  float best = 0;
  std::ptrdiff_t best_lag = 0;
  for (std::ptrdiff_t lag = 0; lag <= longest_lag && lag <= at; ++lag) {
    const auto from = static_cast<std::size_t>(at - lag);
    if (from + window.size() > said_.size()) {
      continue;
    }
    const std::span<const float> place{said_.data() + from, window.size()};
    const float likeness = product(window, place) / std::sqrt(window_energy * (energy(place) + 1));
    if (likeness > best) {
      best = likeness;
      best_lag = lag;
    }
  }
  if (best < least_likeness) {
    return std::nullopt;
  }
  return static_cast<double>(best_lag) * 1'000 / rate_hz;
}

}  // namespace offhook::bench
