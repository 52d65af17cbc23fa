#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "sim/api_error.hpp"

namespace offhook::sim {

/// Holds one `mcp` tool of session or response against docs/openai-behaviour.md 5.3.
/// @param path  Of the tool.
[[nodiscard]] ApiResult<> check_mcp_tool(const boost::json::value& tool, const std::string& path);

/// What a session knows of the servers that its `mcp` tools name: their definitions, which later
/// tools may repeat by the label alone, and the tools that they offer. No I/O.
class McpTools {
 public:
  /// Refuses labels that come twice, and those that say nothing of a server that is not known.
  /// @param path  Of `tools`.
  [[nodiscard]] ApiResult<> check(const boost::json::array& tools, const std::string& path) const;
  /// Takes over definitions. @return those whose servers are to be asked for their tools: new and
  /// changed ones, and those that failed before.
  [[nodiscard]] std::vector<boost::json::object> define(const boost::json::array& tools);
  /// A server answered. @return its tools, less those that `allowed_tools` leaves out.
  boost::json::array offer(const std::string& label, const boost::json::array& tools);
  void on_failed(const std::string& label);

  /// `tools`, and the tools of the servers that it names in the form of functions.
  [[nodiscard]] boost::json::array with_offered(const boost::json::array& tools) const;
  struct Found {
    std::string label;
    bool needs_approval = false;
  };
  /// The server among `tools` that offers a tool of this name, unless a function has it.
  [[nodiscard]] std::optional<Found> find(const boost::json::array& tools,
                                          std::string_view name) const;

 private:
  struct Server {
    boost::json::object definition;
    boost::json::array offered{};
    bool failed = false;
  };
  [[nodiscard]] const Server* server_of(const boost::json::value& tool) const;

  std::map<std::string, Server, std::less<>> servers_;
};

/// An `mcp` tool as events show it: without what is shown to its server.
[[nodiscard]] boost::json::value without_secrets(const boost::json::value& tool);

}  // namespace offhook::sim
