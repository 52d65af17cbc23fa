#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/tool.hpp"
#include "agent/tools/command_tool.hpp"
#include "base/error.hpp"
#include "net/tls.hpp"

namespace offhook::agent {

/// Tools written in C++, by name.
using ToolFunctions = std::map<std::string, ToolFunction>;

struct ToolFactoryOptions {
  net::TlsContext tls{};  ///< For https addresses.
  ToolFunctions functions{};
  CommandLog log{};
};

using ToolFactory = std::function<Result<std::shared_ptr<Tool>>(const ToolConfig&)>;

/// Makes the tool of a configuration: http, command and function.
/// @return `unsupported` for the built-in kinds, which conversations perform themselves, and
///         `not_found` for a function that nobody has registered.
[[nodiscard]] ToolFactory tool_factory(ToolFactoryOptions options);

}  // namespace offhook::agent
