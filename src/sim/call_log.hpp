#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace offhook::sim {

struct CallLogLimits {
  std::size_t first = 200;          ///< Entries of the beginning that are never dropped.
  std::size_t entries = 4'000;      ///< All that are kept.
  std::size_t bytes = 512U << 10U;  ///< Of their text.
  std::size_t event = 16U << 10U;   ///< Longest event that is kept whole.
};

/// What went over the wire in one call, in order, on one clock. Keeps the beginning and the latest;
/// what it dropped between them it tells. Holds no secret: callers hand over what `redaction.hpp`
/// made. Control thread.
class CallLog {
 public:
  using Clock = std::chrono::steady_clock;

  explicit CallLog(Clock::time_point began = Clock::now(), CallLogLimits limits = {});

  /// @param kind    "sip", "webhook", "rest", "sideband" or "mark".
  /// @param detail  Fields of the entry behind `at_ms` and `kind`.
  void add(std::string_view kind,
           const boost::json::object& detail,
           Clock::time_point at = Clock::now());

  [[nodiscard]] double ms_at(Clock::time_point at) const;
  [[nodiscard]] const CallLogLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
  /// Oldest first; where entries were dropped one of kind "dropped" tells how many.
  [[nodiscard]] boost::json::array describe() const;

 private:
  Clock::time_point began_;
  CallLogLimits limits_;
  std::deque<std::string> first_;
  std::deque<std::string> latest_;
  std::size_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t dropped_bytes_ = 0;
};

}  // namespace offhook::sim
