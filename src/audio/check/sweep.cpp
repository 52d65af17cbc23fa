#include "audio/check/sweep.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>

#include "audio/device/audio_device.hpp"
#include "audio/fft.hpp"

namespace offhook::audio {
namespace {

constexpr double sweep_lowest_hz = 150;
constexpr double sweep_highest_hz = 7'000;
constexpr double length_s = 0.5;
constexpr double fade_s = 0.01;
/// Heard before the fundamental: the fifth harmonic's response begins 0.21 s earlier.
constexpr double before_s = 0.3;
constexpr double clear_db = 20;
/// Less than this part of the strongest component of the sweep is outside of its band.
constexpr float band_floor = 1e-3F;

using Spectrum = std::vector<std::complex<float>>;

constexpr std::size_t to_samples(double seconds) {
  return static_cast<std::size_t>(seconds * device_rate_hz);
}

double db(double power_ratio) { return 10 * std::log10(std::max(power_ratio, 1e-12)); }

/// The impulse response, `before_s` of it ahead of delay 0.
std::vector<float> respond(std::span<const std::int16_t> heard, std::ptrdiff_t expected) {
  const std::size_t length = to_samples(before_s + length_s + longest_delay_s);
  const Fft fft{std::bit_ceil(length + to_samples(length_s))};
  Spectrum response(fft.size());
  const auto first = expected - static_cast<std::ptrdiff_t>(to_samples(before_s));
  for (std::size_t i = 0; i < length; ++i) {
    const auto at = first + static_cast<std::ptrdiff_t>(i);
    if (at >= 0 && at < std::ssize(heard)) {
      response[i] = heard[static_cast<std::size_t>(at)];
    }
  }
  Spectrum sweep(fft.size());
  std::ranges::copy(make_sweep(1'000), sweep.begin());
  fft.forward(response);
  fft.forward(sweep);
  float strongest = 0;
  for (const auto& value : sweep) {
    strongest = std::max(strongest, std::norm(value));
  }
  for (std::size_t i = 0; i < response.size(); ++i) {
    response[i] *= std::conj(sweep[i]) / (std::norm(sweep[i]) + band_floor * strongest);
  }
  fft.inverse(response);
  std::vector<float> real(to_samples(before_s + longest_delay_s));
  std::ranges::transform(std::span{response}.first(real.size()), real.begin(),
                         [](const std::complex<float>& value) { return value.real(); });
  return real;
}

double power(std::span<const float> response, double begin, double length) {
  double sum = 0;
  for (double at = std::max(0.0, begin);
       at < begin + length && at < static_cast<double>(response.size()); ++at) {
    sum += double{response[static_cast<std::size_t>(at)]} * response[static_cast<std::size_t>(at)];
  }
  return sum;
}

/// A parabola through the peak and its neighbours.
double refine(std::span<const float> response, std::size_t peak) {
  if (peak == 0 || peak + 1 >= response.size()) {
    return static_cast<double>(peak);
  }
  const double left = std::abs(response[peak - 1]);
  const double middle = std::abs(response[peak]);
  const double right = std::abs(response[peak + 1]);
  const double bend = left - 2 * middle + right;
  return static_cast<double>(peak) + (bend < 0 ? (left - right) / (2 * bend) : 0);
}

double distortion_of(std::span<const float> response, std::size_t peak) {
  constexpr double window = 0.025 * device_rate_hz;
  constexpr double lead = 0.003 * device_rate_hz;
  const auto at = static_cast<double>(peak);
  const double octaves = std::log(sweep_highest_hz / sweep_lowest_hz);
  double harmonics = 0;
  for (const double order : {2.0, 3.0, 4.0, 5.0}) {
    const double earlier = length_s * std::log(order) / octaves * device_rate_hz;
    harmonics += power(response, at - earlier - lead, window);
  }
  // Ahead of all of them there is only noise.
  const double noise = power(response, at - 0.27 * device_rate_hz, window);
  const double fundamental = power(response, at - lead, 2 * window);
  return db(std::max(0.0, harmonics - 4 * noise) / std::max(fundamental, 1e-20));
}

}  // namespace

std::vector<std::int16_t> make_sweep(double peak) {
  std::vector<std::int16_t> samples(to_samples(length_s));
  const double octaves = std::log(sweep_highest_hz / sweep_lowest_hz);
  const double scale = 2 * std::numbers::pi * sweep_lowest_hz * length_s / octaves;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double at = static_cast<double>(i) / device_rate_hz;
    const double edge = std::min(at, length_s - at);
    const double fade = std::sin(std::numbers::pi / 2 * std::min(1.0, edge / fade_s));
    const double phase = scale * (std::exp(at / length_s * octaves) - 1);
    samples[i] = static_cast<std::int16_t>(std::lround(peak * fade * std::sin(phase)));
  }
  return samples;
}

SweepFound find_sweep(std::span<const std::int16_t> heard, std::ptrdiff_t expected) {
  const std::vector<float> response = respond(heard, expected);
  const std::size_t begin = to_samples(before_s);
  const auto loudest =
      std::max_element(response.begin() + static_cast<std::ptrdiff_t>(begin), response.end(),
                       [](float a, float b) { return std::abs(a) < std::abs(b); });
  const auto peak = static_cast<std::size_t>(loudest - response.begin());
  const auto length = static_cast<double>(response.size() - begin);
  const double mean = power(response, static_cast<double>(begin), length) / length;
  SweepFound found;
  found.lag_samples = refine(response, peak) - static_cast<double>(begin);
  found.clarity_db = mean > 0 ? db(double{*loudest} * *loudest / mean) : 0;
  found.distortion_db = distortion_of(response, peak);
  return found;
}

bool is_heard(const SweepFound& sweep) noexcept { return sweep.clarity_db >= clear_db; }

}  // namespace offhook::audio
