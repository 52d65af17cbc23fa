#pragma once

#include <cstdint>
#include <random>

#include "base/clock.hpp"

namespace offhook::sim {

/// What time it is in one call, as its events and webhooks tell it. Without a seed that is the
/// truth. With one it is made up from the seed and from what happens, never from when it happens,
/// so that two runs of the same conversation tell the same. Control thread.
class CallClock {
 public:
  /// Second 0 of all that is made up: 18 May 2033, so that nothing has expired yet.
  static constexpr std::int64_t epoch = 2'000'000'000;

  /// The truth.
  CallClock() = default;
  /// Made up. @param seed  Of this call.
  explicit CallClock(std::uint32_t seed)
      : made_up_{true}, dice_{seed}, began_{epoch + static_cast<std::int64_t>(dice_() % 86'400U)} {}

  [[nodiscard]] bool made_up() const noexcept { return made_up_; }

  /// The caller begins to speak, a while after whatever came before. @return ms of the call's
  /// sound.
  int begin_turn(int real_ms) { return pass(real_ms, 400, 1'600); }
  /// … and ends.
  int end_turn(int real_ms) { return pass(real_ms, 800, 3'200); }
  /// Something took so long, as the sim knows without a clock.
  void advance(int ms) noexcept { now_ms_ += ms; }
  /// ms since the call began. @param real_ms  The truth.
  [[nodiscard]] double now_ms(double real_ms) const noexcept {
    return made_up_ ? now_ms_ : real_ms;
  }
  [[nodiscard]] int now_ms(int real_ms) const noexcept { return made_up_ ? now_ms_ : real_ms; }
  [[nodiscard]] std::int64_t unix_seconds() const {
    return made_up_ ? began_ + now_ms_ / 1'000 : offhook::unix_seconds();
  }

 private:
  /// A time between two limits, in steps of a frame.
  int pass(int real_ms, std::uint32_t least, std::uint32_t most) {
    if (!made_up_) {
      return real_ms;
    }
    constexpr std::uint32_t frame_ms = 20;
    const std::uint32_t frames = (most - least) / frame_ms + 1;
    now_ms_ += static_cast<int>(least + dice_() % frames * frame_ms);
    return now_ms_;
  }

  bool made_up_ = false;
  std::minstd_rand dice_{1};
  std::int64_t began_ = 0;
  int now_ms_ = 0;
};

/// Unix seconds for what belongs to no call. @param seed  Of the sim; 0: the truth.
[[nodiscard]] inline std::int64_t sim_seconds(std::uint32_t seed) {
  return seed == 0 ? unix_seconds() : CallClock::epoch;
}

}  // namespace offhook::sim
