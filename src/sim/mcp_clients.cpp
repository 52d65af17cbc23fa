#include "sim/mcp_clients.hpp"

#include <exception>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "base/json.hpp"

namespace offhook::sim {

namespace asio = boost::asio;
namespace json = boost::json;

McpClients::~McpClients() {
  self_.reset();
  pending_.clear();
  for (const auto& [label, client] : clients_) {
    client->end(control_);
  }
}

template <class T>
void McpClients::start(asio::awaitable<McpResult<T>> work, std::function<void(McpResult<T>)> tell) {
  const auto signal = std::make_shared<asio::cancellation_signal>();
  const int number = ++last_;
  pending_.emplace(number, PendingRequest{signal});
  auto done = [weak = std::weak_ptr{self_}, signal, number, tell = std::move(tell)](
                  const std::exception_ptr& failure, McpResult<T> result) {
    const auto self = weak.lock();
    if (!self) {
      return;
    }
    const auto pending = (*self)->pending_.find(number);
    pending->second.ended();
    (*self)->pending_.erase(pending);
    if (failure) {
      result = tl::unexpected{McpFailure{"protocol_error", 0, "the request broke off"}};
    }
    tell(std::move(result));
  };
  asio::co_spawn(control_, std::move(work),
                 asio::bind_cancellation_slot(signal->slot(), std::move(done)));
}

void McpClients::list(const json::object& tool, OnTools tell) {
  const std::string label{json_string(json::value(tool), "server_label")};
  auto address = mcp_address(tool);
  if (!address) {
    asio::post(control_, [weak = std::weak_ptr{self_}, tell = std::move(tell),
                          why = std::move(address.error().detail)] {
      if (weak.lock()) {
        tell(tl::unexpected{McpFailure{"protocol_error", 0, why}});
      }
    });
    return;
  }
  auto& client = clients_[label];
  if (client) {
    client->end(control_);
  }
  client = std::make_shared<McpClient>(*std::move(address), tls_);
  start(McpClient::list_tools(client), std::move(tell));
}

void McpClients::call(const std::string& label,
                      std::string name,
                      const std::string& arguments,
                      OnOutput tell) {
  const auto client = clients_.find(label);
  auto given = parse_json(arguments);
  if (client == clients_.end() || !given || !given->is_object()) {
    asio::post(control_, [weak = std::weak_ptr{self_}, tell = std::move(tell)] {
      if (weak.lock()) {
        tell(tl::unexpected{
            McpFailure{"tool_execution_error", 0, "the arguments are no JSON object"}});
      }
    });
    return;
  }
  start(McpClient::call_tool(client->second, std::move(name), std::move(given->get_object())),
        std::move(tell));
}

}  // namespace offhook::sim
