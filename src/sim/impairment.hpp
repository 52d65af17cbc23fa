#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

#include "sim/quirks.hpp"

namespace offhook::sim {

/// What one direction of a bad network does to a stream of packets. Pure: times go in and out.
class Impairment {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param quirks   loss, jitter, reorder, duplicate-packets count; `blocked` swallows everything.
  Impairment(const QuirkSet& quirks, bool blocked, std::uint32_t seed);

  /// When the packet that comes at `now` goes on; more than once when it is duplicated, not at all
  /// when it is lost.
  [[nodiscard]] std::vector<Clock::time_point> next(Clock::time_point now);
  [[nodiscard]] bool blocked() const noexcept { return blocked_; }

 private:
  [[nodiscard]] bool happens(double probability);

  QuirkSet quirks_;
  bool blocked_;
  std::mt19937 dice_;
  Clock::time_point last_due_{};
};

}  // namespace offhook::sim
