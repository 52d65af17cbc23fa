#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/file/node.hpp"
#include "agent/file/problems.hpp"

namespace offhook::agent {

/// Reads one environment variable; given as a function so that tests need no environment.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

namespace file {

/// Replaces ${NAME} and ${NAME:-default} in every value of the tree; `$${` stands for `${`. The
/// replacement is not searched again. A variable that is not set and has no default is a problem.
void expand_environment(Node& root, const Environment& environment, Problems& problems);

}  // namespace file
}  // namespace offhook::agent
