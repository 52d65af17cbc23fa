#include "serve/control_api.hpp"

#include <doctest/doctest.h>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "net/http_client.hpp"
#include "net/net_fixture.hpp"
#include "serve/fakes.hpp"

namespace asio = boost::asio;
using namespace offhook;
using namespace offhook::serve;
using namespace offhook::serve::testing;
using Log = std::vector<std::string>;

namespace {

/// The control API behind a real HTTP server.
struct Control : World {
  explicit Control(agent::Api made_for = agent::Api::realtime) : World{made_for} {
    net::HttpServerOptions options;
    options.max_body_bytes = max_order_bytes;
    server = net::HttpServer::listen(context.get_executor(), options, api.handlers()).value();
  }

  ControlApiServices api_services() {
    return {desk,
            feed,
            metrics,
            [this] { return Gauges{.live_calls = desk.live_calls()}; },
            [this] { return why_not; },
            [this](std::optional<std::chrono::seconds> limit) { drained = limit; },
            Secret{"tok"}};
  }

  net::HttpResponse send(std::string method,
                         const std::string& target,
                         std::string body = {},
                         std::string token = "tok",
                         std::string host = {}) {
    net::HttpRequest request;
    request.method = std::move(method);
    request.body = std::move(body);
    if (!token.empty()) {
      request.headers.add("Authorization", "Bearer " + token);
    }
    auto url =
        net::parse_url("http://127.0.0.1:" + std::to_string(server->port()) + target).value();
    if (!host.empty()) {
      const auto text = raw("GET " + target + " HTTP/1.1\r\nHost: " + host +
                            "\r\nAuthorization: Bearer tok\r\nConnection: close\r\n\r\n");
      return {std::stoi(text.substr(9, 3)), {}, text};
    }
    return test::run_on(context, net::http_exchange(std::move(url), std::move(request), {}))
        .value();
  }
  int status(std::string method, const std::string& target, std::string body = {}) {
    return send(std::move(method), target, std::move(body)).status;
  }
  std::string raw(std::string bytes) {
    return test::run_on(context, test::raw_exchange(server->port(), std::move(bytes)));
  }
  std::string stream_request(const std::string& target, const std::string& more = {}) {
    return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer tok\r\n" +
           more + "\r\n";
  }
  void begin_call(const std::string& id) {
    const bool live = policy.agent->api == agent::Api::live;
    desk.on_webhook(live ? live_event(id) : realtime_event(id), "wh_" + id);
    settle();
  }

  std::string why_not;
  std::optional<std::chrono::seconds> drained;
  ControlApi api{api_services()};
  std::unique_ptr<net::HttpServer> server;
};

/// Reads from a stream of events until `enough`, then goes away.
asio::awaitable<std::string> follow(std::uint16_t port, std::string request, std::string enough) {
  asio::ip::tcp::socket socket{co_await asio::this_coro::executor};
  const asio::ip::tcp::endpoint to{asio::ip::address_v4::loopback(), port};
  co_await socket.async_connect(to, asio::use_awaitable);
  const auto buffer = asio::buffer(request);
  co_await asio::async_write(socket, buffer, asio::use_awaitable);
  std::string text;
  std::array<char, 4096> chunk{};
  while (text.find(enough) == std::string::npos) {
    const auto count = co_await socket.async_read_some(asio::buffer(chunk), asio::use_awaitable);
    text.append(chunk.data(), count);
  }
  co_return text;
}

std::string code_of(const net::HttpResponse& answer) {
  const auto body = parse_json(answer.body);
  return body ? std::string{json_string(*body, "error.code")} : "no JSON";
}

}  // namespace

TEST_SUITE("control API") {
  TEST_CASE("health needs no token, everything else does") {
    Control control;
    CHECK(control.send("GET", "/healthz", {}, "").status == 200);
    CHECK(control.send("GET", "/readyz", {}, "").status == 200);
    for (const char* target : {"/metrics", "/v1/calls", "/v1/calls/rtc_1", "/v1/events", "/x"}) {
      const auto refused = control.send("GET", target, {}, "");
      CHECK_MESSAGE(refused.status == 401, target);
      CHECK(code_of(refused) == "unauthorized");
      CHECK(control.send("GET", target, {}, "tok2").status == 401);
    }
    CHECK(control.send("POST", "/v1/drain", {}, "").status == 401);
    CHECK_FALSE(control.drained);
  }

  TEST_CASE("a page that has rebound its name to loopback gets nothing") {
    Control control;
    for (const char* target : {"/healthz", "/v1/calls", "/v1/events"}) {
      CHECK(control.send("GET", target, {}, "tok", "evil.example").status == 421);
    }
    CHECK(control.send("GET", "/v1/calls", {}, "tok", "localhost:1").status == 200);
  }

  TEST_CASE("readiness says why not") {
    Control control;
    control.why_not = "the journal cannot be written: No space left on device";
    const auto answer = control.send("GET", "/readyz", {}, "");
    CHECK(answer.status == 503);
    CHECK(answer.body.find("No space left") != std::string::npos);
    CHECK(control.send("GET", "/healthz", {}, "").status == 200);
  }

  TEST_CASE("lists and shows calls") {
    Control control;
    control.begin_call("rtc_1");
    control.begin_call("rtc/2");
    control.conversations["rtc_1"]->receive(R"({"type":"session.created"})");
    const auto all = parse_json(control.send("GET", "/v1/calls").body).value();
    CHECK(all.at("calls").as_array().size() == 2);
    const auto live = parse_json(control.send("GET", "/v1/calls?state=live").body).value();
    REQUIRE(live.at("calls").as_array().size() == 1);
    CHECK(json_string(live.at("calls").as_array()[0], "id") == "rtc_1");
    const auto one = control.send("GET", "/v1/calls/rtc%2F2");
    CHECK(one.status == 200);
    CHECK(json_string(parse_json(one.body).value(), "state") == "accepting");
    CHECK(code_of(control.send("GET", "/v1/calls/rtc_9")) == "call_not_found");
  }

  TEST_CASE("gives orders to a call") {
    Control control;
    control.begin_call("rtc_1");
    CHECK(control.status("POST", "/v1/calls/rtc_1/say", R"({"text":"One moment."})") == 202);
    CHECK(control.status("POST", "/v1/calls/rtc_1/instruct", R"({"text":"VIP"})") == 202);
    CHECK(control.status("POST", "/v1/calls/rtc_1/transfer", R"({"to":"tel:+1555"})") == 202);
    CHECK(control.status("POST", "/v1/calls/rtc_1/hang_up") == 202);
    CHECK(control.log == Log{"rtc_1 run", "rtc_1 say One moment.", "rtc_1 instruct VIP",
                             "rtc_1 transfer tel:+1555", "rtc_1 hang_up by the control API"});
    CHECK(code_of(control.send("POST", "/v1/calls/rtc_1/say", R"({"text":"x"})")) == "call_ended");
  }

  TEST_CASE("hangs up after a goodbye when given one") {
    Control control;
    control.begin_call("rtc_1");
    CHECK(control.status("POST", "/v1/calls/rtc_1/hang_up", R"({"goodbye":"Say bye."})") == 202);
    CHECK(control.log.back() == "rtc_1 goodbye Say bye.");
  }

  TEST_CASE("plays sounds into Live calls only") {
    const std::string sound(4'800, 'x');
    const std::string body = R"({"audio":")" +
                             base64_encode(std::vector<std::uint8_t>(sound.begin(), sound.end())) +
                             R"("})";
    Control live{agent::Api::live};
    live.begin_call("live_1");
    CHECK(live.status("POST", "/v1/calls/live_1/play", body) == 202);
    CHECK(live.log.back() == "live_1 play 4800");
    CHECK(live.status("POST", "/v1/calls/live_1/play", R"({"audio":"not base64!"})") == 400);
    Control realtime;
    realtime.begin_call("rtc_1");
    CHECK(code_of(realtime.send("POST", "/v1/calls/rtc_1/play", body)) == "unsupported");
  }

  TEST_CASE("refuses orders that make no sense, as JSON") {
    Control control;
    control.begin_call("rtc_1");
    const std::string call = "/v1/calls/rtc_1";
    CHECK(control.status("POST", call + "/say", "{}") == 400);
    CHECK(control.status("POST", call + "/say", R"({"text":7})") == 400);
    CHECK(code_of(control.send("POST", call + "/say", "nonsense")) == "malformed_body");
    CHECK(control.status("POST", call + "/say", "[]") == 400);
    CHECK(control.status("POST", call + "/transfer", R"({"to":"javascript:x"})") == 400);
    CHECK(control.status("POST", call + "/dance", "{}") == 404);
    CHECK(control.send("GET", call + "/say").headers.get("Allow") == "POST");
    CHECK(control.status("DELETE", "/v1/calls") == 405);
    CHECK(control.status("GET", "/v2") == 404);
    CHECK(control.status("POST", call + "/say", std::string(max_order_bytes + 1, 'x')) == 413);
    CHECK(control.log == Log{"rtc_1 run"});
  }

  TEST_CASE("metrics are Prometheus text") {
    Control control;
    control.begin_call("rtc_1");
    const auto answer = control.send("GET", "/metrics");
    CHECK(answer.headers.get("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(answer.body.find("\noffhook_calls_live 1\n") != std::string::npos);
    CHECK(answer.body.find("offhook_webhooks_total{outcome=\"taken\"} 1\n") != std::string::npos);
  }

  TEST_CASE("drains with and without a limit") {
    Control control;
    CHECK(control.status("POST", "/v1/drain", R"({"seconds":30})") == 202);
    CHECK(control.drained == std::chrono::seconds{30});
    CHECK(control.status("POST", "/v1/drain", R"({"seconds":-1})") == 400);
    CHECK(control.status("POST", "/v1/drain") == 202);
    CHECK_FALSE(control.drained);
  }

  TEST_CASE("the stream of one call begins with what is known and ends with the call") {
    Control control;
    control.begin_call("rtc_1");
    control.begin_call("rtc_2");
    control.conversations["rtc_1"]->said("model", "Hello.");
    std::string text;
    asio::co_spawn(control.context,
                   test::raw_exchange(control.server->port(),
                                      control.stream_request("/v1/calls/rtc_1/events")),
                   [&](const std::exception_ptr&, std::string read) { text = std::move(read); });
    test::run_until(control.context, [&] { return control.api.followers() == 1; });
    control.conversations["rtc_1"]->finish(agent::ConversationEnd::caller_gone, "BYE");
    test::run_until(control.context, [&] { return !text.empty(); });
    CHECK(text.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(text.find("Content-Type: text/event-stream\r\n") != std::string::npos);
    CHECK(text.find("Content-Length") == std::string::npos);
    const auto begun = text.find("event: incoming\n");
    const auto said = text.find("event: transcript\n");
    const auto ended = text.find("event: ended\n");
    CHECK(begun < said);
    CHECK(said < ended);
    CHECK(ended != std::string::npos);
    CHECK(text.find("rtc_2") == std::string::npos);
    test::run_until(control.context, [&] { return control.api.followers() == 0; });
  }

  TEST_CASE("a stream goes on behind Last-Event-ID") {
    Control control;
    control.begin_call("rtc_1");
    const std::uint64_t seen = control.feed.last_id();
    control.conversations["rtc_1"]->said("model", "One.");
    control.conversations["rtc_1"]->said("model", "Two.");
    const auto text = test::run_on(
        control.context,
        follow(control.server->port(),
               control.stream_request("/v1/events",
                                      "Last-Event-ID: " + std::to_string(seen + 1) + "\r\n"),
               "Two."));
    CHECK(text.find("One.") == std::string::npos);
    CHECK(text.find("id: " + std::to_string(seen + 2) + "\nevent: transcript") !=
          std::string::npos);
    test::run_until(control.context, [&] { return control.api.followers() == 0; });
  }

  TEST_CASE("a stream that comes back too late is told of the gap") {
    Control control;
    control.begin_call("rtc_1");
    const auto text = test::run_on(
        control.context,
        follow(control.server->port(), control.stream_request("/v1/events", "Last-Event-ID: 1\r\n"),
               "event: step"));
    CHECK(text.find("event: gap\n") != std::string::npos);
  }
}
