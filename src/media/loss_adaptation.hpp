#pragma once

#include <algorithm>
#include <cstdint>

namespace offhook::media {

/// Decides from the peer's RTCP reports whether our Opus packets carry a copy of the sound before
/// them (in-band FEC), and for how much loss. No clock, no I/O.
///
/// A copy costs sharpness at the same bit rate, so it is only worth it above some 3 % of loss. Loss
/// is averaged over about ten seconds, because one report may stand on 50 packets, and switching
/// has hysteresis, because every change can be heard.
class LossAdaptation {
 public:
  static constexpr double on_percent = 3;
  static constexpr double off_percent = 1.5;

  /// Takes a report about what we sent.
  /// @param lost_percent  0 to 100, since the report before.
  /// @param packets       That this is about; 0: unknown.
  void on_report(double lost_percent, std::uint32_t packets) noexcept {
    constexpr double usual_packets = 250;   // 5 s
    constexpr double memory_packets = 500;  // 10 s
    const double weight = packets == 0 ? usual_packets : static_cast<double>(packets);
    const double part = std::min(weight / memory_packets, 1.0);
    average_percent_ += part * (std::clamp(lost_percent, 0.0, 100.0) - average_percent_);
    protecting_ = average_percent_ >= (protecting_ ? off_percent : on_percent);
  }

  [[nodiscard]] bool protecting() const noexcept { return protecting_; }
  [[nodiscard]] double average_percent() const noexcept { return average_percent_; }
  /// What to tell the encoder: 0 for no protection, else `on_percent` or more.
  [[nodiscard]] int expected_loss_percent() const noexcept {
    constexpr double most = 30;  // beyond, the copies would crowd out the sound
    return protecting_ ? static_cast<int>(std::clamp(average_percent_ + 0.5, on_percent, most)) : 0;
  }

 private:
  double average_percent_ = 0;
  bool protecting_ = false;
};

}  // namespace offhook::media
