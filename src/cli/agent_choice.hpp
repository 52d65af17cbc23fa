#pragma once

#include <string>

#include "agent/agent_file.hpp"
#include "base/error.hpp"

namespace offhook::cli {

/// Reads an agent file as `offhook call` and `offhook dial` use it: for one agent.
/// @return all problems of the file, a line each.
[[nodiscard]] Result<agent::AgentFile> read_agent_file(const std::string& path);

/// The agent of that name, or the only one of that API when `name` is empty.
/// @return an Error that says which there are.
[[nodiscard]] Result<agent::AgentProfile> choose_agent(const agent::AgentFile& file,
                                                       agent::Api api,
                                                       const std::string& name);

}  // namespace offhook::cli
