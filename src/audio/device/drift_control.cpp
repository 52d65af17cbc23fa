#include "audio/device/drift_control.hpp"

#include <algorithm>

namespace offhook::audio {
namespace {

constexpr double correction_interval_ms = 500;
// Critically damped, time constant 20 s: 300 ppm that begin at once cost 2.2 ms of level.
constexpr double proportional_ppm_per_ms = 100;
constexpr double integral_ppm_per_ms_s = 2.5;
constexpr double most_drift_ppm = 1'000;       // no crystal is worse
constexpr double most_correction_ppm = 5'000;  // 9 cents: not heard in speech

constexpr double margin_ms = 4;  // what the target holds above the producer's block
constexpr double most_margin_ms = 80;
constexpr double underrun_step_ms = 5;
constexpr double target_interval_ms = 10'000;
constexpr double too_close_ms = 1;
constexpr double close_step_ms = 2;
constexpr double shrink_step_ms = 1;

}  // namespace

DriftControl::DriftControl(double block_ms) noexcept
    : block_ms_{block_ms}, target_ms_{block_ms + margin_ms}, lowest_reserve_ms_{target_ms_} {}

void DriftControl::observe(double level_ms, double reserve_ms, double elapsed_ms) noexcept {
  level_sum_ += level_ms;
  ++observations_;
  elapsed_ms_ += elapsed_ms;
  target_age_ms_ += elapsed_ms;
  lowest_reserve_ms_ = std::min(lowest_reserve_ms_, reserve_ms);
  if (elapsed_ms_ >= correction_interval_ms) {
    correct();
  }
  if (target_age_ms_ >= target_interval_ms) {
    adapt_target();
  }
}

void DriftControl::correct() noexcept {
  const double error_ms = level_sum_ / observations_ - target_ms_;
  // Far from the target, the distance tells of a hiccup and not of the clocks.
  const double believable_ms = std::clamp(error_ms, -margin_ms, margin_ms);
  drift_ppm_ = std::clamp(drift_ppm_ + integral_ppm_per_ms_s * believable_ms * elapsed_ms_ / 1'000,
                          -most_drift_ppm, most_drift_ppm);
  correction_ppm_ = std::clamp(drift_ppm_ + proportional_ppm_per_ms * error_ms,
                               -most_correction_ppm, most_correction_ppm);
  level_sum_ = 0;
  observations_ = 0;
  elapsed_ms_ = 0;
}

void DriftControl::adapt_target() noexcept {
  const double base_ms = block_ms_ + margin_ms;
  if (lowest_reserve_ms_ < too_close_ms) {
    target_ms_ = std::min(target_ms_ + close_step_ms, block_ms_ + most_margin_ms);
  } else if (lowest_reserve_ms_ > margin_ms + block_ms_ / 2) {
    target_ms_ = std::max(target_ms_ - shrink_step_ms, base_ms);
  }
  lowest_reserve_ms_ = target_ms_;
  target_age_ms_ = 0;
}

void DriftControl::on_underrun() noexcept {
  target_ms_ = std::min(target_ms_ + underrun_step_ms, block_ms_ + most_margin_ms);
  restart();
}

void DriftControl::restart() noexcept {
  level_sum_ = 0;
  observations_ = 0;
  elapsed_ms_ = 0;
  lowest_reserve_ms_ = target_ms_;
  target_age_ms_ = 0;
}

}  // namespace offhook::audio
