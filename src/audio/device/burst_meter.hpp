#pragma once

#include <algorithm>
#include <chrono>

namespace offhook::audio {

/// How much a producer writes at once, as its consumer sees it: a sound server hands over what it
/// has as often as it likes, however much is asked for. One thread.
class BurstMeter {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param least_ms  Taken until more is known; bursts are never reported smaller.
  explicit BurstMeter(double least_ms) noexcept : least_ms_{least_ms}, burst_ms_{least_ms} {}

  /// `written_ms` of sound were written now.
  void note(double written_ms, Clock::time_point now) noexcept {
    if (now - last_ > together && now_ms_ > 0) {
      // Up fast and down slowly: nearly the largest, but not what followed one hiccup.
      const double burst = std::clamp(now_ms_, least_ms_, most_ms);
      burst_ms_ += (burst - burst_ms_) * (burst > burst_ms_ ? 0.1 : 0.02);
      now_ms_ = 0;
    }
    now_ms_ += written_ms;
    last_ = now;
  }

  [[nodiscard]] double burst_ms() const noexcept { return burst_ms_; }

 private:
  static constexpr std::chrono::milliseconds together{2};
  static constexpr double most_ms = 60;

  double least_ms_;
  double burst_ms_;
  double now_ms_ = 0;
  Clock::time_point last_{};
};

}  // namespace offhook::audio
