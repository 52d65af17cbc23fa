#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include <boost/json/object.hpp>

#include "sim/quirks.hpp"

namespace offhook::sim {

/// Server events of one call on their way to who observes it: late, or overtaken by the next one,
/// as the faults of the call want it. Control thread.
class EventQueue {
 public:
  using Time = std::chrono::steady_clock::time_point;

  EventQueue(const QuirkSet& quirks, std::uint32_t seed);

  /// @param over  The call has ended: what is said now is not slow any more.
  void add(boost::json::object event, Time now, bool over);
  /// Those that are due, in the order in which they go out.
  [[nodiscard]] std::vector<boost::json::object> take(Time now);

  [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }
  void clear() noexcept { waiting_.clear(); }

 private:
  struct Waiting {
    Time due;
    boost::json::object event;
    bool overtaken = false;  ///< By the next one, if it comes in time.
  };

  QuirkSet quirks_;
  std::mt19937 dice_;
  std::deque<Waiting> waiting_{};
};

}  // namespace offhook::sim
