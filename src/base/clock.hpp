#pragma once

#include <chrono>
#include <cstdint>

namespace offhook {

/// Seconds since 1970 by the system's clock, as APIs and webhooks state time.
[[nodiscard]] inline std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace offhook
