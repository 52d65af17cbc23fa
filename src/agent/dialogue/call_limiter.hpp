#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/profile.hpp"

namespace offhook::agent {

/// Ends a call that has lasted long enough: a goodbye first, then, goodbye_time later, the
/// hang-up. The seconds of a call are counted to the hang-up, its tokens to the goodbye. No I/O.
class CallLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class Step : std::uint8_t {
    goodbye,  ///< Say it as soon as nobody speaks.
    insist,   ///< Half of goodbye_time is gone: interrupt whoever speaks, if it is not said yet.
    hang_up,
  };

  explicit CallLimiter(CallLimits limits) : limits_{std::move(limits)} {}

  void begin(Time now);
  void on_tokens(std::uint64_t used, Time now);
  void on_time(Time now);
  [[nodiscard]] std::optional<Time> deadline() const;
  [[nodiscard]] std::vector<Step> take_steps() { return std::exchange(steps_, {}); }
  [[nodiscard]] const CallLimits& limits() const noexcept { return limits_; }
  /// Which limit it is, once a step was taken: "the call reached its limit of 300 s".
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  void plan(Time goodbye, Time hang_up);

  CallLimits limits_;
  std::optional<Time> goodbye_;
  std::optional<Time> insist_;
  std::optional<Time> hang_up_;
  bool began_goodbye_ = false;
  std::string reason_;
  std::vector<Step> steps_;
};

}  // namespace offhook::agent
