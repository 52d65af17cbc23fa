#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace offhook::serve {

/// Whether the wall clock can be believed. Pure.
///
/// By it go the age of webhooks, the age of calls that an earlier process has begun, and the usage
/// of the last day. That it was set says nothing about which time is the right one. Genuine
/// webhooks do: none that fits after the clock was set, but some that do not, and it is wrong.
class ClockWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// @param offset  Wall clock minus steady clock.
  explicit ClockWatch(std::chrono::nanoseconds offset) : offset_{offset} {}

  /// To be called often, with the same two clocks.
  /// @return by how much the wall clock was set since the last time, if it was.
  std::optional<std::chrono::seconds> look(std::chrono::nanoseconds offset);

  /// A genuine webhook came. @param fits  Its time is about that of the clock.
  void on_webhook(bool fits, Time now);

  /// Why not to believe the clock; empty: nothing speaks against it. Forgotten 5 minutes after the
  /// last webhook that did not fit: somebody may have kept it and sent it again.
  [[nodiscard]] std::string doubt(Time now) const;

  /// By how much it was set, in all.
  [[nodiscard]] std::chrono::seconds total() const noexcept { return total_; }

 private:
  std::chrono::nanoseconds offset_;
  std::chrono::seconds total_{0};
  std::chrono::seconds last_step_{0};  ///< 0: a webhook has shown since that the clock is right.
  std::optional<Time> contradicted_{};
};

}  // namespace offhook::serve
