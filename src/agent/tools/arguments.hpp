#pragma once

#include <string_view>

#include <boost/json/object.hpp>

#include "agent/profile.hpp"
#include "base/error.hpp"

namespace offhook::agent {

/// Reads the arguments of a function call as the model wrote them, and holds them against the
/// tool's schema. An empty text stands for no arguments.
///
/// @return the arguments, or `invalid_argument` with a text that tells the model what to mend.
[[nodiscard]] Result<boost::json::object> parse_arguments(const ToolConfig& tool,
                                                          std::string_view text);

}  // namespace offhook::agent
