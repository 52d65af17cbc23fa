#include "audio/voice/loudspeaker_model.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace offhook::audio {
namespace {

constexpr std::size_t decimation = 4;
constexpr std::size_t filter_taps = 48;
constexpr std::array limit_levels{0.7, 0.4, 0.28, 0.2};
constexpr std::array sharpnesses{2.0, 6.0};
constexpr std::size_t blocks_between_trials = 50;
constexpr double quiet_power = 30.0 * 30.0;
constexpr float keep = 0.85F;
constexpr int rounds_to_decide = 4;
constexpr double clearly_better = 0.9;

std::vector<float> low_pass() {
  std::vector<float> filter(filter_taps);
  float sum = 0;
  for (std::size_t i = 0; i < filter_taps; ++i) {
    const double x = static_cast<double>(i) - (filter_taps - 1) / 2.0;
    const double shape = 0.5 + 0.5 * std::cos(2 * std::numbers::pi * x / (filter_taps + 1));
    filter[i] = static_cast<float>(std::sin(std::numbers::pi * 0.22 * x) / x * shape);
    sum += filter[i];
  }
  for (float& tap : filter) {
    tap /= sum;
  }
  return filter;
}

}  // namespace

LoudspeakerModel::LoudspeakerModel()
    : window_shape_(window),
      filter_(low_pass()),
      far_(window * decimation),
      near_(window * decimation),
      snapshot_far_(window * decimation),
      snapshot_near_(window * decimation),
      work_(window),
      near_spectrum_(high_bin),
      near_power_(high_bin) {
  for (std::size_t n = 0; n < curves; ++n) {
    for (std::size_t i = 0; i < curves_[n].size(); ++i) {
      const double level = static_cast<double>(i) / steps;
      double bent = level;
      if (n > 0) {
        const double limit = limit_levels[(n - 1) % limits];
        const double sharpness = sharpnesses[(n - 1) / limits];
        bent = level / std::pow(1 + std::pow(level / limit, sharpness), 1 / sharpness);
      }
      curves_[n][i] = static_cast<float>(bent * 32'768);
    }
    candidates_[n].cross.resize(high_bin);
    candidates_[n].power.resize(high_bin);
  }
  for (std::size_t i = 0; i < window; ++i) {
    const double turn = 2 * std::numbers::pi * (static_cast<double>(i) + 0.5) / window;
    window_shape_[i] = static_cast<float>(0.5 - 0.5 * std::cos(turn));
  }
}

float LoudspeakerModel::bend(const Curve& curve, float sample) noexcept {
  const float place = std::abs(sample) * (static_cast<float>(steps) / 32'768.0F);
  const auto step = std::min(static_cast<std::size_t>(place), steps);
  const float part = place - static_cast<float>(step);
  return std::copysign(curve[step] + part * (curve[step + 1] - curve[step]), sample);
}

void LoudspeakerModel::push(ConstBlockView aligned, ConstBlockView near) noexcept {
  for (std::size_t i = 0; i < aligned.size(); ++i) {
    far_[at_] = aligned[i];
    near_[at_] = near[i];
    at_ = (at_ + 1) % far_.size();
  }
  if (trying_) {
    try_curve(next_curve_);
    if (++next_curve_ == curves) {
      trying_ = false;
      choose();
    }
    return;
  }
  if (++blocks_ < blocks_between_trials) {
    return;
  }
  double power = 0;
  for (const float sample : far_) {
    power += double{sample} * sample;
  }
  if (power < quiet_power * static_cast<double>(far_.size())) {
    return;
  }
  blocks_ = 0;
  const auto oldest = static_cast<std::ptrdiff_t>(at_);
  std::rotate_copy(far_.begin(), far_.begin() + oldest, far_.end(), snapshot_far_.begin());
  std::rotate_copy(near_.begin(), near_.begin() + oldest, near_.end(), snapshot_near_.begin());
  transform(snapshot_near_, curves_[0]);
  std::copy_n(work_.begin(), high_bin, near_spectrum_.begin());
  for (std::size_t k = low_bin; k < high_bin; ++k) {
    near_power_[k] = keep * near_power_[k] + std::norm(near_spectrum_[k]);
  }
  trying_ = true;
  next_curve_ = 0;
}

void LoudspeakerModel::transform(const std::vector<float>& sound, const Curve& curve) noexcept {
  // Bent at the full rate, because bending makes new frequencies, then taken down.
  std::array<float, 2 * filter_taps> recent{};
  std::size_t filled = 0;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const float bent = bend(curve, sound[i]);
    recent[filled] = bent;
    recent[filled + filter_taps] = bent;
    filled = (filled + 1) % filter_taps;
    if (i % decimation == decimation - 1) {
      float sum = 0;
      for (std::size_t tap = 0; tap < filter_taps; ++tap) {
        sum += filter_[tap] * recent[filled + tap];
      }
      work_[i / decimation] = sum * window_shape_[i / decimation];
    }
  }
  fft_.forward(work_);
}

void LoudspeakerModel::try_curve(std::size_t number) noexcept {
  transform(snapshot_far_, curves_[number]);
  Candidate& candidate = candidates_[number];
  double explained = 0;
  for (std::size_t k = low_bin; k < high_bin; ++k) {
    candidate.cross[k] = keep * candidate.cross[k] + std::conj(work_[k]) * near_spectrum_[k];
    candidate.power[k] = keep * candidate.power[k] + std::norm(work_[k]);
    explained += std::norm(candidate.cross[k]) / (candidate.power[k] * near_power_[k] + 1.0F);
  }
  candidate.incoherent = 1 - explained / (high_bin - low_bin);
}

void LoudspeakerModel::choose() noexcept {
  if (++rounds_ < rounds_to_decide) {
    return;
  }
  const auto best = std::ranges::min_element(candidates_, {}, &Candidate::incoherent);
  if (best->incoherent < clearly_better * candidates_[used_].incoherent) {
    used_ = static_cast<std::size_t>(best - candidates_.begin());
  }
}

void LoudspeakerModel::apply(BlockView far) const noexcept {
  if (used_ == 0) {
    return;
  }
  for (std::int16_t& sample : far) {
    sample = static_cast<std::int16_t>(bend(curves_[used_], sample));
  }
}

double LoudspeakerModel::limit() const noexcept {
  return used_ == 0 ? 0 : limit_levels[(used_ - 1) % limits];
}

}  // namespace offhook::audio
