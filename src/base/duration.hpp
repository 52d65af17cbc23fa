#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace offhook {

/// Reads a time as people write it: "500ms", "30s", "5m", "2h", "7d" or "0"; at most 100 years.
/// Nothing when it is not one.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(
    std::string_view text) noexcept;

}  // namespace offhook
