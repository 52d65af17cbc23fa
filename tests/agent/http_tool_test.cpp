#include "agent/tools/http_tool.hpp"

#include <deque>
#include <memory>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "agent/tools/tool_factory.hpp"
#include "net/http_server.hpp"
#include "tool_fixture.hpp"

using namespace offhook;
using namespace offhook::agent;
using namespace offhook::agent::testing;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

constexpr openai::RetryLimits quick{.first_delay = 1ms, .longest_delay = 2ms};

/// A tool server that answers by script, the last answer for ever.
class ToolServer {
 public:
  explicit ToolServer(std::deque<net::HttpResponse> script) : script_{std::move(script)} {
    net::HttpHandlers handlers;
    handlers.request = [this](net::HttpRequest request) { return answer(std::move(request)); };
    server_ = net::HttpServer::listen(context.get_executor(), {}, std::move(handlers)).value();
  }

  [[nodiscard]] ToolConfig config() const {
    ToolConfig config;
    config.kind = ToolConfig::Kind::http;
    config.name = "lookup";
    config.http.url = "http://127.0.0.1:" + std::to_string(server_->port()) + "/lookup?v=1";
    config.http.headers = {{"X-Token", Secret{"tool-secret"}}};
    return config;
  }

  Result<std::string> call(const ToolConfig& config) {
    HttpTool tool{config, {}, quick};
    return run_on(context, tool.run(sample_call()));
  }

  asio::io_context context;
  std::vector<net::HttpRequest> requests;

 private:
  asio::awaitable<net::HttpResponse> answer(net::HttpRequest request) {
    requests.push_back(std::move(request));
    net::HttpResponse response = script_.front();
    if (script_.size() > 1) {
      script_.pop_front();
    }
    if (response.status == 0) {  // read and never answered
      asio::steady_timer never{context, asio::steady_timer::time_point::max()};
      co_await never.async_wait(asio::use_awaitable);
    }
    co_return response;
  }

  std::deque<net::HttpResponse> script_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace

TEST_SUITE("http tool") {
  TEST_CASE("the call is posted as JSON with its idempotency key, the body is the result") {
    ToolServer server{{{200, {}, R"({"status":"shipped"})"}}};
    const auto result = server.call(server.config());
    REQUIRE(result);
    CHECK(*result == R"({"status":"shipped"})");
    REQUIRE(server.requests.size() == 1);
    const net::HttpRequest& request = server.requests[0];
    CHECK(request.method == "POST");
    CHECK(request.target == "/lookup?v=1");
    CHECK(request.headers.get("Content-Type") == "application/json");
    CHECK(request.headers.get("Idempotency-Key") == "rtc_1:call_a");
    CHECK(request.headers.get("X-Token") == "tool-secret");
    const auto body = boost::json::parse(request.body);
    CHECK(body.as_object().size() == 4);
    CHECK(body.at("call_id") == "rtc_1");
    CHECK(body.at("function_call_id") == "call_a");
    CHECK(body.at("name") == "lookup");
    CHECK(body.at("arguments").at("order") == 17);
  }

  TEST_CASE("what may pass is tried again with the same key") {
    for (const int status : {408, 429, 500, 503}) {
      CAPTURE(status);
      ToolServer server{{{status, {}, "busy"}, {status, {}, "busy"}, {200, {}, "done"}}};
      const auto result = server.call(server.config());
      REQUIRE(result);
      CHECK(*result == "done");
      REQUIRE(server.requests.size() == 3);
      CHECK(server.requests[2].headers.get("Idempotency-Key") == "rtc_1:call_a");
    }
  }

  TEST_CASE("what will not pass is told to the model at once") {
    for (const int status : {301, 400, 404, 409, 422}) {
      CAPTURE(status);
      ToolServer server{{{status, {}, "order 17 is unknown"}}};
      const auto result = server.call(server.config());
      REQUIRE_FALSE(result);
      CHECK(result.error().code == Errc::refused);
      CHECK(result.error().status == status);
      CHECK(result.error().detail ==
            "the tool answered " + std::to_string(status) + ": order 17 is unknown");
      CHECK(server.requests.size() == 1);
    }
  }

  TEST_CASE("retries end as configured") {
    ToolServer server{{{503, {}, ""}}};
    ToolConfig config = server.config();
    config.http.retries = 0;
    CHECK_FALSE(server.call(config));
    CHECK(server.requests.size() == 1);
    config.http.retries = 3;
    CHECK_FALSE(server.call(config));
    CHECK(server.requests.size() == 5);
  }

  TEST_CASE("a server that is silent times out") {
    ToolServer server{{{0, {}, ""}}};
    ToolConfig config = server.config();
    config.timeout = 50ms;
    config.http.retries = 0;
    const auto result = server.call(config);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::timed_out);
    CHECK(result.error().detail == "the tool did not answer in time");
  }

  TEST_CASE("an answer that is too long is refused") {
    ToolServer server{{{200, {}, std::string(HttpTool::max_answer_bytes + 1, 'x')}}};
    const auto result = server.call(server.config());
    REQUIRE_FALSE(result);
    CHECK(result.error().detail == "the tool's answer is too long");
  }

  TEST_CASE("nobody there is an error without the address") {
    ToolServer server{{{200, {}, ""}}};
    ToolConfig config = server.config();
    config.http.url = "http://127.0.0.1:1/secret-path";
    config.http.retries = 1;
    const auto result = server.call(config);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::unreachable);
    CHECK(result.error().detail == "the tool cannot be reached");
  }
}

TEST_SUITE("tool factory") {
  TEST_CASE("makes tools of all kinds that are not built in") {
    ToolFactoryOptions options;
    options.functions["double"] = [](ToolCall call) -> asio::awaitable<Result<std::string>> {
      co_return std::to_string(2 * call.arguments.at("order").to_number<int>());
    };
    options.functions["broken"] = [](ToolCall call) -> asio::awaitable<Result<std::string>> {
      co_return std::to_string(call.arguments.at("nothing of that name").to_number<int>());
    };
    const ToolFactory make = tool_factory(std::move(options));
    ToolConfig config;
    config.kind = ToolConfig::Kind::function;
    config.name = "double";
    const auto function = make(config);
    REQUIRE(function);
    asio::io_context context;
    CHECK(run_on(context, (*function)->run(sample_call())).value() == "34");

    config.name = "broken";
    const auto broken = make(config);
    REQUIRE(broken);
    CHECK(run_on(context, (*broken)->run(sample_call())).error().code == Errc::internal);

    config.name = "triple";
    CHECK(make(config).error().code == Errc::not_found);
    config.kind = ToolConfig::Kind::hang_up;
    CHECK(make(config).error().code == Errc::unsupported);
    config.kind = ToolConfig::Kind::command;
    config.command.command = {"echo", "hello"};
    const auto command = make(config);
    REQUIRE(command);
    CHECK(run_on(context, (*command)->run(sample_call())).value() == "hello\n");
  }
}
