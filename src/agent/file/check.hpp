#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/file/fields.hpp"
#include "agent/file/node.hpp"
#include "agent/file/problems.hpp"

namespace offhook::agent::file {

/// Holds a piece of the file against the table: unknown, repeated and missing fields, wrong kinds,
/// words and ranges. What depends on more than one field is not looked at here.
void check_section(const Node& node,
                   const Section& section,
                   const std::string& path,
                   Problems& problems);

/// true, yes, on; false, no, off.
[[nodiscard]] std::optional<bool> parse_flag(std::string_view text) noexcept;

/// A plain decimal number.
[[nodiscard]] std::optional<double> parse_number(std::string_view text) noexcept;

}  // namespace offhook::agent::file
