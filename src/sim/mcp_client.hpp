#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "net/http_message.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"
#include "sim/mcp_protocol.hpp"

namespace offhook::sim {

/// Where a server of tools is, and what is shown to it.
struct McpAddress {
  net::Url url;
  net::HttpHeaders headers;     ///< With the authorization.
  std::vector<Secret> secrets;  ///< Values of those headers, which no message may repeat.
};

/// Reads an `mcp` tool of a session.
/// @return `unsupported` for connectors and tunnels; `invalid_argument` for an address that is
///         neither https nor http of this machine.
[[nodiscard]] Result<McpAddress> mcp_address(const boost::json::object& tool);

/// Talks to one server of tools: Model Context Protocol 2025-06-18 over streamable HTTP. Redirects
/// are not followed, an answer has 1 MiB at most. One executor.
class McpClient : public std::enable_shared_from_this<McpClient> {
 public:
  /// @param tls  For https; verified by name, always.
  McpClient(McpAddress address, net::TlsContext tls)
      : address_{std::move(address)}, tls_{std::move(tls)} {}

  /// Begins a session and asks for all tools. @return them as `mcp_tools` does.
  [[nodiscard]] static boost::asio::awaitable<McpResult<boost::json::array>> list_tools(
      std::shared_ptr<McpClient> self);
  /// Calls a tool, after `list_tools`. A session that the server has forgotten is begun again.
  [[nodiscard]] static boost::asio::awaitable<McpResult<std::string>> call_tool(
      std::shared_ptr<McpClient> self, std::string name, boost::json::object arguments);
  /// Ends the session, if the server gave one, without waiting for that.
  void end(const boost::asio::any_io_executor& executor);

 private:
  using Answer = McpResult<boost::json::value>;

  static boost::asio::awaitable<Answer> begin(std::shared_ptr<McpClient> self);
  static boost::asio::awaitable<Answer> request(std::shared_ptr<McpClient> self,
                                                std::string method,
                                                boost::json::object params,
                                                std::chrono::milliseconds limit);
  static boost::asio::awaitable<Result<net::HttpResponse>> post(std::shared_ptr<McpClient> self,
                                                                std::string body,
                                                                std::shared_ptr<McpAnswer> answer,
                                                                std::chrono::milliseconds limit);
  [[nodiscard]] net::HttpRequest http_request(std::string method) const;
  [[nodiscard]] std::string safe(std::string text) const;

  McpAddress address_;
  net::TlsContext tls_;
  std::string session_{};  ///< Mcp-Session-Id; empty: the server has none.
  std::string version_{};  ///< Negotiated; empty: not begun.
  int last_id_ = 0;
};

}  // namespace offhook::sim
