#include "audio/device/drift_control.hpp"

#include <algorithm>
#include <cmath>

namespace offhook::audio {
namespace {

constexpr double correction_interval_ms = 500;
// Critically damped, time constant 20 s: 300 ppm that begin at once cost 2.2 ms of level.
constexpr double proportional_ppm_per_ms = 100;
constexpr double integral_ppm_per_ms_s = 2.5;
constexpr double most_drift_ppm = 1'000;       // no crystal is worse
constexpr double most_correction_ppm = 5'000;  // 9 cents: not heard in speech

// The course takes off so much of its distance in a second, by at most so much stretching.
constexpr double course_per_s = 0.25;
constexpr double most_course_ppm = 4'500;
// Clocks take the level no further off its course than this; a hiccup of the server does.
constexpr double hiccup_ms = 4;

constexpr double least_margin_ms = 4;
constexpr double first_margin_ms = 6;
constexpr double most_margin_ms = 80;
constexpr double underrun_step_ms = 5;
constexpr double target_interval_ms = 10'000;
constexpr double too_close_ms = 2;
constexpr double close_step_ms = 2;
constexpr double shrink_step_ms = 1;

}  // namespace

DriftControl::DriftControl(double block_ms) noexcept
    : block_ms_{block_ms},
      margin_ms_{first_margin_ms},
      target_ms_{block_ms + first_margin_ms},
      lowest_reserve_ms_{target_ms_} {}

void DriftControl::set_block(double block_ms) noexcept {
  block_ms_ = block_ms;
  target_ms_ = block_ms_ + margin_ms_;
}

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
  const double level_ms = level_sum_ / observations_;
  const double course_ppm = advance_course(level_ms);
  const double error_ms = level_ms - *course_ms_;
  drift_ppm_ = std::clamp(drift_ppm_ + integral_ppm_per_ms_s * error_ms * elapsed_ms_ / 1'000,
                          -most_drift_ppm, most_drift_ppm);
  correction_ppm_ = std::clamp(drift_ppm_ + proportional_ppm_per_ms * error_ms + course_ppm,
                               -most_correction_ppm, most_correction_ppm);
  level_sum_ = 0;
  observations_ = 0;
  elapsed_ms_ = 0;
}

/// @return the stretching that keeps the level on its course until the next correction.
double DriftControl::advance_course(double level_ms) noexcept {
  if (!course_ms_) {
    course_ms_ = level_ms;
  } else {
    *course_ms_ -= course_ppm_ * elapsed_ms_ * 1e-6;  // as was asked for since the last time
  }
  if (std::abs(level_ms - *course_ms_) > hiccup_ms) {
    course_ms_ = level_ms;
  }
  constexpr double million = 1e6;
  course_ppm_ = std::clamp((*course_ms_ - target_ms_) * course_per_s / 1'000 * million,
                           -most_course_ppm, most_course_ppm);
  return course_ppm_;
}

void DriftControl::adapt_target() noexcept {
  if (lowest_reserve_ms_ < too_close_ms) {
    margin_ms_ = std::min(margin_ms_ + close_step_ms, most_margin_ms);
  } else if (lowest_reserve_ms_ > least_margin_ms + shrink_step_ms) {
    margin_ms_ = std::max(margin_ms_ - shrink_step_ms, least_margin_ms);
  }
  set_block(block_ms_);
  lowest_reserve_ms_ = target_ms_;
  target_age_ms_ = 0;
}

void DriftControl::on_underrun() noexcept {
  margin_ms_ = std::min(margin_ms_ + underrun_step_ms, most_margin_ms);
  set_block(block_ms_);
  restart();
}

void DriftControl::restart() noexcept {
  course_ms_.reset();
  course_ppm_ = 0;
  level_sum_ = 0;
  observations_ = 0;
  elapsed_ms_ = 0;
  lowest_reserve_ms_ = target_ms_;
  target_age_ms_ = 0;
}

}  // namespace offhook::audio
