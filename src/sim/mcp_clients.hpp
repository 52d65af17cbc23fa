#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "net/tls.hpp"
#include "sim/mcp_client.hpp"
#include "sim/pending_request.hpp"

namespace offhook::sim {

/// The servers of tools that one session talks to. Whoever destroys this gives up what is under
/// way, and says goodbye to the servers. Control thread.
class McpClients {
 public:
  using OnTools = std::function<void(McpResult<boost::json::array>)>;
  using OnOutput = std::function<void(McpResult<std::string>)>;

  McpClients(boost::asio::any_io_executor control, net::TlsContext tls)
      : control_{std::move(control)}, tls_{std::move(tls)} {}
  McpClients(const McpClients&) = delete;
  McpClients& operator=(const McpClients&) = delete;
  ~McpClients();

  /// Connects to the server of an `mcp` tool, in place of an earlier one with its label.
  /// @param tell  Called once, later; not after this was destroyed.
  void list(const boost::json::object& tool, OnTools tell);
  /// Calls a tool of a server that was listed. @param arguments  JSON text.
  void call(const std::string& label,
            std::string name,
            const std::string& arguments,
            OnOutput tell);

 private:
  template <class T>
  void start(boost::asio::awaitable<McpResult<T>> work, std::function<void(McpResult<T>)> tell);

  boost::asio::any_io_executor control_;
  net::TlsContext tls_;
  std::map<std::string, std::shared_ptr<McpClient>, std::less<>> clients_;
  std::map<int, PendingRequest> pending_;
  int last_ = 0;
  std::shared_ptr<McpClients*> self_ = std::make_shared<McpClients*>(this);
};

}  // namespace offhook::sim
