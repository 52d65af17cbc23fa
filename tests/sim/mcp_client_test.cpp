// The client of servers of tools against a server of its own.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "base/json.hpp"
#include "net/http_server.hpp"
#include "net/tls.hpp"
#include "sim/mcp_clients.hpp"

namespace offhook::sim {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::chrono::seconds mcp_patience{60};

/// A small server of tools over streamable HTTP, and what was asked of it.
class ToolServer {
 public:
  explicit ToolServer(const asio::any_io_executor& executor) {
    net::HttpHandlers handlers;
    handlers.request = [this](net::HttpRequest request) { return take(std::move(request)); };
    handlers.stream = [this](const net::HttpRequest& request) { return stream(request); };
    server_ = net::HttpServer::listen(executor, {}, std::move(handlers)).value();
  }

  [[nodiscard]] json::object tool() const {
    return {{"type", "mcp"},
            {"server_label", "shop"},
            {"server_url", "http://127.0.0.1:" + std::to_string(server_->port()) + "/mcp"},
            {"authorization", "tok-secret"},
            {"headers", json::object{{"X-Shop", "blue-secret"}}}};
  }

  std::vector<std::string> methods;     ///< JSON-RPC methods, and DELETE.
  std::vector<net::HttpRequest> asked;  ///< The requests they came in.
  std::string session = "s1";           ///< The only one that is known.
  bool streams = false;                 ///< Answers as a stream that stays open.
  bool refuses = false;                 ///< Answers 401, and repeats what it was shown.
  bool silent = false;                  ///< Streams nothing at all.
  bool waiting = false;                 ///< A stream is open.
  bool gone = false;                    ///< The client closed a stream.

 private:
  static asio::awaitable<void> keep_open(ToolServer* self,
                                         std::string body,
                                         net::HttpBodyWriter writer) {
    struct Departure {
      ToolServer* server;
      ~Departure() { server->gone = true; }
    };
    const Departure departure{self};
    self->waiting = true;
    if (!body.empty()) {
      const auto written = co_await writer.write(std::move(body));
      static_cast<void>(written);
    }
    asio::steady_timer never{co_await asio::this_coro::executor,
                             asio::steady_timer::time_point::max()};
    co_await never.async_wait(asio::use_awaitable);
  }

  std::optional<net::StreamedAnswer> stream(const net::HttpRequest& request) {
    const bool call = request.body.find("tools/call") != std::string::npos;
    if (!streams || !call) {
      return std::nullopt;
    }
    const std::string body = silent ? "" : "event: message\ndata: " + answer(request) + "\n\n";
    net::StreamedAnswer streamed;
    streamed.headers.add("Content-Type", "text/event-stream");
    streamed.body = [this, body](net::HttpBodyWriter writer) {
      return keep_open(this, body, std::move(writer));
    };
    return streamed;
  }

  asio::awaitable<net::HttpResponse> take(net::HttpRequest request) {
    net::HttpResponse response;
    if (refuses) {
      response.status = 401;
      response.body = "who is " + std::string{request.headers.get("authorization")} + " of " +
                      std::string{request.headers.get("x-shop")};
      co_return response;
    }
    const auto shown = request.headers.get("mcp-session-id");
    if (!shown.empty() && shown != session) {
      response.status = 404;
      co_return response;
    }
    response.headers.add("Content-Type", "application/json");
    response.headers.add("Mcp-Session-Id", session);
    response.body = answer(request);
    response.status = response.body.empty() ? 202 : 200;
    co_return response;
  }

  std::string answer(const net::HttpRequest& request) {
    const auto message = parse_json(request.body).value_or(json::object{});
    methods.emplace_back(request.method == "DELETE" ? "DELETE" : json_string(message, "method"));
    asked.push_back(request);
    const auto id = json_int(message, "id");
    if (!id) {
      return {};
    }
    return json::serialize(
        json::object{{"jsonrpc", "2.0"}, {"id", *id}, {"result", result(methods.back(), message)}});
  }

  static json::object result(const std::string& method, const json::value& message) {
    if (method == "initialize") {
      return {{"protocolVersion", "2025-03-26"}, {"capabilities", json::object{}}};
    }
    if (method == "tools/list") {
      const bool second = json_string(message, "params.cursor") == "p2";
      json::object page{
          {"tools", json::array{json::object{{"name", second ? "cancel" : "look_up"}}}}};
      if (!second) {
        page["nextCursor"] = "p2";
      }
      return page;
    }
    const std::string text = "order " + json::serialize(*json_at(message, "params.arguments"));
    return {{"content", json::array{json::object{{"type", "text"}, {"text", text}}}}};
  }

  std::unique_ptr<net::HttpServer> server_;
};

struct McpWorld {
  asio::io_context context{1};
  ToolServer server{context.get_executor()};
  std::optional<McpClients> clients{std::in_place, context.get_executor(), net::TlsContext{}};

  void run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + mcp_patience;
    context.restart();
    while (!done()) {
      REQUIRE(context.run_one_until(deadline) == 1);
    }
  }
  McpResult<json::array> list(const json::object& tool) {
    std::optional<McpResult<json::array>> told;
    clients->list(tool, [&](McpResult<json::array> tools) { told = std::move(tools); });
    run_until([&] { return told.has_value(); });
    return *told;
  }
  McpResult<std::string> call(std::string arguments) {
    std::optional<McpResult<std::string>> told;
    clients->call("shop", "look_up", arguments,
                  [&](McpResult<std::string> output) { told = std::move(output); });
    run_until([&] { return told.has_value(); });
    return *told;
  }
};

TEST_SUITE("MCP client") {
  TEST_CASE("begins a session, lists all pages, calls, and says goodbye") {
    McpWorld world;
    const auto tools = world.list(world.server.tool());
    REQUIRE(tools);
    CHECK(tools->size() == 2);
    CHECK(*world.call(R"({"n":7})") == R"(order {"n":7})");
    const auto& asked = world.server.asked;
    CHECK(asked.front().headers.get("authorization") == "Bearer tok-secret");
    CHECK(asked.front().headers.get("x-shop") == "blue-secret");
    CHECK_FALSE(asked.front().headers.has("mcp-session-id"));
    CHECK(asked.back().headers.get("mcp-session-id") == "s1");
    CHECK(asked.back().headers.get("mcp-protocol-version") == "2025-03-26");
    world.clients.reset();
    world.run_until([&] { return world.server.methods.back() == "DELETE"; });
    CHECK(world.server.methods ==
          std::vector<std::string>{"initialize", "notifications/initialized", "tools/list",
                                   "tools/list", "tools/call", "DELETE"});
  }

  TEST_CASE("takes its answer from a stream and leaves it") {
    McpWorld world;
    REQUIRE(world.list(world.server.tool()));
    world.server.streams = true;
    CHECK(*world.call("{}") == "order {}");
    world.run_until([&] { return world.server.gone; });
  }

  TEST_CASE("closes the connection of a call that nobody waits for any more") {
    McpWorld world;
    REQUIRE(world.list(world.server.tool()));
    world.server.streams = world.server.silent = true;
    bool told = false;
    world.clients->call("shop", "look_up", "{}",
                        [&](const McpResult<std::string>&) { told = true; });
    world.run_until([&] { return world.server.waiting; });
    CHECK_FALSE(world.server.gone);
    world.clients.reset();
    world.run_until([&] { return world.server.gone; });
    CHECK_FALSE(told);
  }

  TEST_CASE("begins anew when the server has forgotten the session") {
    McpWorld world;
    REQUIRE(world.list(world.server.tool()));
    world.server.session = "s2";
    CHECK(*world.call("{}") == "order {}");
    CHECK(world.server.asked.back().headers.get("mcp-session-id") == "s2");
  }

  TEST_CASE("tells refusals without the keys that the server repeats") {
    McpWorld world;
    world.server.refuses = true;
    const auto tools = world.list(world.server.tool());
    REQUIRE_FALSE(tools);
    CHECK(json::serialize(tools.error().json()) ==
          R"({"type":"http_error","code":401,"message":"the server answered 401: )"
          R"(who is Bearer [key] of [key]"})");
  }

  TEST_CASE("tells that nobody listens, that a connector is none of its own, and bad arguments") {
    McpWorld world;
    json::object nobody = world.server.tool();
    nobody["server_url"] = "http://127.0.0.1:1/mcp";
    CHECK(world.list(nobody).error().code == 502);
    const auto connector = world.list(
        {{"type", "mcp"}, {"server_label", "mail"}, {"connector_id", "connector_gmail"}});
    CHECK(connector.error().message.find("connector") != std::string::npos);
    REQUIRE(world.list(world.server.tool()));
    CHECK(world.call("[1").error().type == "tool_execution_error");
  }
}

}  // namespace
}  // namespace offhook::sim
