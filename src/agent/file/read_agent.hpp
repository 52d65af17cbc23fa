#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/file/problems.hpp"
#include "agent/file/reader.hpp"
#include "agent/profile.hpp"

namespace offhook::agent::file {

/// What agents refer to by name.
struct Catalogue {
  std::map<std::string, ToolConfig> tools;
  std::map<std::string, boost::json::object> mcp_servers;  ///< As the API has them.
  CallLimits call_limits;                                  ///< Where an agent says nothing.
  bool azure = false;
  std::string directory;  ///< That paths are seen from; empty: the working directory.
};

/// `path` as seen from the agent file.
[[nodiscard]] std::string seen_from(const std::string& directory, const std::string& path);

[[nodiscard]] ToolConfig read_tool(const std::string& name,
                                   const Reader& reader,
                                   Problems& problems);

[[nodiscard]] boost::json::object read_mcp_server(const std::string& name,
                                                  const Reader& reader,
                                                  Problems& problems);

[[nodiscard]] CallLimits read_call_limits(const Reader& reader, const CallLimits& otherwise);

[[nodiscard]] AgentProfile read_agent(const std::string& name,
                                      const Reader& reader,
                                      const Catalogue& catalogue,
                                      Problems& problems);

}  // namespace offhook::agent::file
