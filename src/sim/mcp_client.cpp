#include "sim/mcp_client.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/json.hpp"
#include "base/printable.hpp"
#include "net/http_client.hpp"

namespace offhook::sim {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::string_view protocol_version = "2025-06-18";
constexpr auto list_limit = 10s;
constexpr auto call_limit = 30s;
constexpr auto goodbye_limit = 2s;
constexpr int most_pages = 16;
constexpr std::size_t longest_message = 300;
constexpr int not_found = 404;
constexpr int bad_gateway = 502;
constexpr int gateway_timeout = 504;

json::object hello() {
  return {{"protocolVersion", protocol_version},
          {"capabilities", json::object{}},
          {"clientInfo", json::object{{"name", "offhook sim"}, {"version", "1"}}}};
}

/// What keeps an HTTP answer from being one of the protocol.
std::optional<McpFailure> http_failure(const Result<net::HttpResponse>& response) {
  if (!response) {
    const bool late = response.error().code == Errc::timed_out;
    return McpFailure{"http_error", late ? gateway_timeout : bad_gateway, response.error().detail};
  }
  if (response->status < 200 || response->status > 299) {
    return McpFailure{"http_error", response->status,
                      "the server answered " + std::to_string(response->status) +
                          (response->body.empty() ? "" : ": " + response->body)};
  }
  return std::nullopt;
}

}  // namespace

Result<McpAddress> mcp_address(const json::object& tool) {
  const json::value whole(tool);
  if (json_at(whole, "server_url") == nullptr) {
    return fail(Errc::unsupported,
                "the sim reaches servers by server_url only: it has no "
                "connectors and no tunnels");
  }
  auto url = net::parse_url(json_string(whole, "server_url"));
  const bool usable =
      url && (url->scheme == "https" || (url->scheme == "http" && net::is_loopback(url->host)));
  if (!usable) {
    return fail(Errc::invalid_argument,
                "server_url must be an https address, or http of this machine");
  }
  McpAddress address{*std::move(url), {}, {}};
  const auto show = [&](std::string name, std::string_view value, std::string_view prefix) {
    address.headers.add(std::move(name), std::string{prefix}.append(value));
    address.secrets.emplace_back(std::string{value});
  };
  if (const auto token = json_string(whole, "authorization"); !token.empty()) {
    show("Authorization", token, "Bearer ");
  }
  const json::value* const headers = json_at(whole, "headers");
  for (const auto& [name, value] :
       headers != nullptr && headers->is_object() ? headers->get_object() : json::object{}) {
    if (value.is_string()) {
      show(std::string{name}, value.get_string(), {});
    }
  }
  return address;
}

net::HttpRequest McpClient::http_request(std::string method) const {
  net::HttpRequest request;
  request.method = std::move(method);
  request.headers = address_.headers;
  if (!session_.empty()) {
    request.headers.add("Mcp-Session-Id", session_);
  }
  if (!version_.empty()) {
    request.headers.add("MCP-Protocol-Version", version_);
  }
  return request;
}

/// Servers like to quote what they were shown.
std::string McpClient::safe(std::string text) const {
  for (const Secret& secret : address_.secrets) {
    const std::string_view hidden = secret.reveal();
    for (auto at = hidden.empty() ? std::string::npos : text.find(hidden); at != std::string::npos;
         at = text.find(hidden, at)) {
      text.replace(at, hidden.size(), "[key]");
      at += 5;
    }
  }
  return printable(text, longest_message);
}

asio::awaitable<Result<net::HttpResponse>> McpClient::post(std::shared_ptr<McpClient> self,
                                                           std::string body,
                                                           std::shared_ptr<McpAnswer> answer,
                                                           std::chrono::milliseconds limit) {
  net::HttpRequest request = self->http_request("POST");
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Accept", "application/json, text/event-stream");
  request.body = std::move(body);
  net::HttpClientOptions options;
  options.tls = self->tls_;
  options.timeout = limit;
  options.on_body = [answer](std::string_view piece) { return !answer || answer->feed(piece); };
  auto response =
      co_await net::http_exchange(self->address_.url, std::move(request), std::move(options));
  co_return std::move(response);
}

asio::awaitable<McpClient::Answer> McpClient::begin(std::shared_ptr<McpClient> self) {
  self->session_.clear();
  self->version_.clear();
  const int id = ++self->last_id_;
  const auto answer = std::make_shared<McpAnswer>(id);
  std::string greeting = mcp_message(id, "initialize", hello());
  const auto response = co_await post(self, std::move(greeting), answer, list_limit);
  if (auto failure = http_failure(response)) {
    co_return tl::unexpected{*std::move(failure)};
  }
  auto result = answer->finish();
  if (!result) {
    co_return std::move(result);
  }
  self->session_ = response->headers.get("Mcp-Session-Id");
  self->version_ = printable(json_string(*result, "protocolVersion", protocol_version), 32);
  std::string ready = mcp_message({}, "notifications/initialized", {});
  const auto noted = co_await post(self, std::move(ready), nullptr, list_limit);
  if (auto failure = http_failure(noted)) {
    co_return tl::unexpected{*std::move(failure)};
  }
  co_return std::move(result);
}

asio::awaitable<McpClient::Answer> McpClient::request(std::shared_ptr<McpClient> self,
                                                      std::string method,
                                                      json::object params,
                                                      std::chrono::milliseconds limit) {
  for (bool again = false;; again = true) {
    const bool had_session = !self->session_.empty();
    const int id = ++self->last_id_;
    const auto answer = std::make_shared<McpAnswer>(id);
    std::string message = mcp_message(id, method, params);
    const auto response = co_await post(self, std::move(message), answer, limit);
    const bool forgotten = response && response->status == not_found && had_session && !again;
    if (forgotten) {
      auto begun = co_await begin(self);
      if (!begun) {
        co_return std::move(begun);
      }
      continue;
    }
    auto failure = http_failure(response);
    auto result = failure ? Answer{tl::unexpected{*std::move(failure)}} : answer->finish();
    if (!result) {
      result.error().message = self->safe(std::move(result.error().message));
    }
    co_return std::move(result);
  }
}

asio::awaitable<McpResult<json::array>> McpClient::list_tools(std::shared_ptr<McpClient> self) {
  auto begun = co_await begin(self);
  if (!begun) {
    begun.error().message = self->safe(std::move(begun.error().message));
    co_return tl::unexpected{std::move(begun).error()};
  }
  json::array tools;
  json::object params;
  for (int page = 0; page < most_pages; ++page) {
    const auto listed = co_await request(self, "tools/list", params, list_limit);
    if (!listed) {
      co_return tl::unexpected{listed.error()};
    }
    for (json::value& tool : mcp_tools(*listed)) {
      tools.push_back(std::move(tool));
    }
    const auto next = json_string(*listed, "nextCursor");
    if (next.empty()) {
      break;
    }
    params["cursor"] = next;
  }
  co_return std::move(tools);
}

asio::awaitable<McpResult<std::string>> McpClient::call_tool(std::shared_ptr<McpClient> self,
                                                             std::string name,
                                                             json::object arguments) {
  json::object params{{"name", std::move(name)}, {"arguments", std::move(arguments)}};
  const auto result = co_await request(self, "tools/call", std::move(params), call_limit);
  if (!result) {
    co_return tl::unexpected{result.error()};
  }
  co_return mcp_output(*result);
}

void McpClient::end(const asio::any_io_executor& executor) {
  if (session_.empty()) {
    return;
  }
  net::HttpClientOptions options;
  options.tls = tls_;
  options.timeout = goodbye_limit;
  asio::co_spawn(executor,
                 net::http_exchange(address_.url, http_request("DELETE"), std::move(options)),
                 asio::detached);
  session_.clear();
}

}  // namespace offhook::sim
