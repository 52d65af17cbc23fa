#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "store/records.hpp"

namespace offhook::cli {

/// A table, latest call first.
[[nodiscard]] std::string to_text(const std::vector<store::Call>& calls);
/// Everything that happened in a call, on one time line.
[[nodiscard]] std::string to_text(const store::CallStory& story);

/// The fields are documented in docs/files.md.
[[nodiscard]] boost::json::object to_json(const store::Call& call);
[[nodiscard]] boost::json::object to_json(const store::CallStory& story);

/// "90s", "15m", "24h", "7d" before `now`, or a day in UTC: "2030-12-31".
/// @return Unix time in ms.
[[nodiscard]] Result<std::int64_t> parse_since(const std::string& text,
                                               std::chrono::system_clock::time_point now);

}  // namespace offhook::cli
