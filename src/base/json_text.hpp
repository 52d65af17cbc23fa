#pragma once

#include <string>

#include <boost/json/value.hpp>

namespace offhook {

/// JSON as people read it: numbers without exponent, at most three decimals.
///
/// @param indent  Spaces per level; 0 keeps everything on one line.
[[nodiscard]] std::string json_text(const boost::json::value& value, int indent = 0);

}  // namespace offhook
