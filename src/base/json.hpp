#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/error.hpp"

namespace offhook {

/// Parses text from the network: depth at most 32, whole input, `Errc::malformed_message`
/// otherwise.
[[nodiscard]] Result<boost::json::value> parse_json(std::string_view text);

/// The value at a dotted path of object keys, or null: `json_at(event, "response.status")`.
[[nodiscard]] const boost::json::value* json_at(const boost::json::value& root,
                                                std::string_view path) noexcept;

/// The string at `path`, or `otherwise` when there is none. The view lives as long as `root`.
[[nodiscard]] std::string_view json_string(const boost::json::value& root,
                                           std::string_view path,
                                           std::string_view otherwise = {}) noexcept;

/// The integer at `path` (also when written as 12.0), or nothing.
[[nodiscard]] std::optional<std::int64_t> json_int(const boost::json::value& root,
                                                   std::string_view path) noexcept;

}  // namespace offhook
