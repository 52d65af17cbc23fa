#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>

#include "agent/admission.hpp"

namespace offhook::serve {

inline constexpr std::int64_t day_s = 24 * 60 * 60;

/// What ended calls have used in the last 24 hours, in all and by caller. Pure.
class UsageWindow {
 public:
  /// @param now  Seconds of any clock that does not jump, never before that of an earlier call.
  void add(const std::string& caller, const agent::UsageSums& used, std::int64_t now);
  [[nodiscard]] agent::UsageSums of(const std::string& caller, std::int64_t now);
  [[nodiscard]] agent::UsageSums all(std::int64_t now);

 private:
  struct Entry {
    std::int64_t at;
    std::string caller;
    agent::UsageSums used;
  };
  struct CallerSums {
    std::size_t entries = 0;
    agent::UsageSums used{};
  };
  void forget_old(std::int64_t now);

  std::deque<Entry> entries_;
  std::unordered_map<std::string, CallerSums> by_caller_;
  agent::UsageSums all_{};
};

}  // namespace offhook::serve
