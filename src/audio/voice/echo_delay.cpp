#include "audio/voice/echo_delay.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace offhook::audio {
namespace {

using Complex = std::complex<float>;

constexpr std::size_t delay_decimation = 4;
constexpr std::size_t low_bin = 100;     // 100 Hz
constexpr std::size_t high_bin = 1'700;  // 1.66 kHz: below the decimation filter's slope
constexpr double quiet_block_power = 30.0 * 30.0;
constexpr double strong_peak = 7;
constexpr double sure_peak = 14;
constexpr double same_delay = 16;          // samples: 1 ms
constexpr double least_jump_samples = 48;  // 3 ms: less is left to the loop and the filters
constexpr double most_slope = 400e-6;
constexpr float keep = 0.6F;
constexpr std::size_t hop_before = 12;  // blocks
constexpr std::size_t hop_when_known = 8;

// The loop, per window: see the tests for how fast it settles.
constexpr double phase_gain = 0.2;
constexpr double slope_gain = 0.012;

}  // namespace

QuarterRate::QuarterRate() {
  float sum = 0;
  for (std::size_t i = 0; i < taps; ++i) {
    const double x = static_cast<double>(i) - (taps - 1) / 2.0;
    const double cutoff = 0.22;  // of 8 kHz
    const double window = 0.5 + 0.5 * std::cos(2 * std::numbers::pi * x / (taps + 1));
    filter_[i] = static_cast<float>(std::sin(std::numbers::pi * cutoff * x) /
                                    (std::numbers::pi * x) * window);
    sum += filter_[i];
  }
  for (float& tap : filter_) {
    tap /= sum;
  }
}

void QuarterRate::process(ConstBlockView in, std::span<float, block_samples> out) noexcept {
  constexpr std::size_t kept = taps - delay_decimation;
  std::ranges::copy(in, history_.begin() + kept);
  for (std::size_t i = 0; i < out.size(); ++i) {
    float sum = 0;
    for (std::size_t tap = 0; tap < taps; ++tap) {
      sum += filter_[tap] * history_[i * delay_decimation + tap];
    }
    out[i] = sum;
  }
  std::copy_n(history_.end() - kept, kept, history_.begin());
}

EchoDelay::EchoDelay(const Remedies& remedies)
    : remedies_{remedies},
      far_(window),
      near_(window),
      work_(window),
      cross_(window / 2),
      smooth_(window / 2),
      far_power_(window / 2),
      near_power_(window / 2),
      reference_(window / 2) {}

EchoDelay::Event EchoDelay::push(ConstBlockView far, ConstBlockView near) noexcept {
  constexpr std::size_t step = QuarterRate::block_samples;
  std::array<float, step> quarter{};
  far_filter_.process(far, quarter);
  for (std::size_t i = 0; i < step; ++i) {
    far_[(at_ + i) % window] = quarter[i];
  }
  near_filter_.process(near, quarter);
  for (std::size_t i = 0; i < step; ++i) {
    near_[(at_ + i) % window] = quarter[i];
  }
  at_ = (at_ + step) % window;
  advance();
  if (++blocks_ % hop_blocks() != 0) {
    return Event::none;
  }
  if (!transform()) {
    return Event::none;
  }
  weigh();
  const Event event = judge(find_peak());
  if (known_ && event == Event::none && remedies_.drift) {
    follow_drift();
  }
  return event;
}

std::size_t EchoDelay::hop_blocks() const noexcept {
  if (!remedies_.jumps) {
    return 25;  // 250 ms
  }
  return known_ ? hop_when_known : hop_before;
}

void EchoDelay::advance() noexcept {
  if (known_) {
    delay_ += slope_ * static_cast<double>(VoiceProcessor::block_samples);
  }
}

bool EchoDelay::transform() noexcept {
  double far_energy = 0;
  double near_energy = 0;
  for (std::size_t i = 0; i < window; ++i) {
    const std::size_t from = (at_ + i) % window;
    const float near = i < window - near_window ? 0 : near_[from];
    work_[i] = {far_[from], near};
    far_energy += double{far_[from]} * far_[from];
    near_energy += double{near} * near;
  }
  if (far_energy < quiet_block_power * window || near_energy < near_window) {
    return false;
  }
  fft_.forward(work_);
  // Both are real, so one transform gives both spectra.
  for (std::size_t k = 1; k < window / 2; ++k) {
    const Complex a = work_[k];
    const Complex b = std::conj(work_[window - k]);
    const Complex far = (a + b) * 0.5F;
    const Complex turned = (a - b) * 0.5F;
    const Complex near{turned.imag(), -turned.real()};
    cross_[k] = {near.real() * far.real() + near.imag() * far.imag(),
                 near.imag() * far.real() - near.real() * far.imag()};
    far_power_[k] = keep * far_power_[k] + std::norm(far);
    near_power_[k] = keep * near_power_[k] + std::norm(near);
    smooth_[k] = keep * smooth_[k] + cross_[k];
  }
  return true;
}

void EchoDelay::weigh() noexcept {
  std::ranges::fill(work_, Complex{});
  for (std::size_t k = low_bin; k < high_bin; ++k) {
    work_[k] = smooth_[k] / std::sqrt(far_power_[k] * near_power_[k] + 1.0F);
  }
  fft_.inverse(work_);
}

EchoDelay::Peak EchoDelay::find_peak() noexcept {
  double energy = 0;
  std::size_t best = 1;
  // The spectrum is one-sided, so the magnitude is the envelope of the correlation.
  for (std::size_t lag = 1; lag + 1 < near_window; ++lag) {
    energy += std::norm(work_[lag]);
    if (std::norm(work_[lag]) > std::norm(work_[best])) {
      best = lag;
    }
  }
  const double rms = std::sqrt(energy / near_window) + 1e-12;
  const double left = std::abs(work_[best - 1]);
  const double top = std::abs(work_[best]);
  const double right = std::abs(work_[best + 1]);
  const double bend = left - 2 * top + right;
  const double part = bend < 0 ? 0.5 * (left - right) / bend : 0;
  return {.delay = (static_cast<double>(best) + part) * delay_decimation, .strength = top / rms};
}

EchoDelay::Event EchoDelay::judge(const Peak& peak) noexcept {
  if (peak.strength < strong_peak) {
    candidate_.reset();
    return Event::none;
  }
  if (known_ && std::abs(peak.delay - delay_) < least_jump_samples) {
    candidate_.reset();
    return Event::none;
  }
  const bool again = candidate_ && std::abs(*candidate_ - peak.delay) < same_delay;
  candidate_ = peak.delay;
  if (!again && (known_ || peak.strength < sure_peak)) {
    return Event::none;
  }
  candidate_.reset();
  const Event event = known_ && remedies_.jumps ? Event::jumped : Event::found;
  known_ = true;
  delay_ = peak.delay;
  if (event == Event::found) {
    have_reference_ = false;
  }
  return event;
}

void EchoDelay::follow_drift() noexcept {
  // The window's middle is older than `delay_`.
  const double middle = near_window / 2.0 * delay_decimation;
  const double lag = (delay_ - slope_ * middle) / delay_decimation;
  const double turn = 2 * std::numbers::pi * lag / window;
  std::complex<double> rotation = std::polar(1.0, turn * low_bin);
  const std::complex<double> step = std::polar(1.0, turn);
  double likeness = 0;
  double new_energy = 0;
  double old_energy = 0;
  double slope_sum = 0;
  double weight_sum = 0;
  for (std::size_t k = low_bin; k < high_bin; ++k, rotation *= step) {
    // Coherence instead of power: loud frequencies are no more telling than others.
    const float scale = 1 / std::sqrt(far_power_[k] * near_power_[k] + 1.0F);
    const auto aligned = Complex{rotation} * cross_[k] * scale;
    Complex& mean = reference_[k];
    if (have_reference_) {
      const float real = mean.real() * aligned.real() + mean.imag() * aligned.imag();
      const float imaginary = mean.real() * aligned.imag() - mean.imag() * aligned.real();
      likeness += real;
      new_energy += std::norm(aligned);
      old_energy += std::norm(mean);
      const double bin = 2 * std::numbers::pi * static_cast<double>(k) / window;
      slope_sum += bin * imaginary;
      weight_sum += bin * bin * real;
    }
    work_[k] = aligned;
  }
  const double alike = likeness / (std::sqrt(new_energy * old_energy) + 1e-12);
  if (have_reference_ && alike > 0.3 && weight_sum > 0) {
    strangers_ = 0;
    // A later echo turns the phase backwards.
    const double error = std::clamp(-slope_sum / weight_sum, -0.5, 0.5) * delay_decimation;
    delay_ += phase_gain * error;
    slope_ +=
        slope_gain * error / static_cast<double>(hop_blocks() * VoiceProcessor::block_samples);
    slope_ = std::clamp(slope_, -most_slope, most_slope);
  } else if (have_reference_ && ++strangers_ > 8) {
    have_reference_ = false;
    strangers_ = 0;
  }
  const float keep = have_reference_ ? 0.95F : 0.0F;
  if (!have_reference_ || alike > 0.3) {
    for (std::size_t k = low_bin; k < high_bin; ++k) {
      reference_[k] = keep * reference_[k] + (1 - keep) * work_[k];
    }
    have_reference_ = true;
  }
}

}  // namespace offhook::audio
