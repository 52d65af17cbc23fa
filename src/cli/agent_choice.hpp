#pragma once

#include <string>

#include "agent/agent_file.hpp"
#include "agent/tools/tool_factory.hpp"
#include "base/error.hpp"

namespace offhook::cli {

/// Reads an agent file, with the environment of this process.
/// @return all problems of the file, a line each.
[[nodiscard]] Result<agent::AgentFile> read_agent_file(const std::string& path);

/// What the file's tools need: trust for https, and where commands complain (standard error).
[[nodiscard]] Result<agent::ToolFactoryOptions> read_tools(const agent::AgentFile& file);

/// The agent of that name, or the only one of that API when `name` is empty.
/// @return an Error that says which there are.
[[nodiscard]] Result<agent::AgentProfile> choose_agent(const agent::AgentFile& file,
                                                       agent::Api api,
                                                       const std::string& name);

/// For a command that can use both: the agent of that name, or else the file's only realtime one,
/// or where it has none the only live one.
[[nodiscard]] Result<agent::AgentProfile> choose_agent(const agent::AgentFile& file,
                                                       const std::string& name);

}  // namespace offhook::cli
