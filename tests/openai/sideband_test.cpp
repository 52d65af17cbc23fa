#include "openai/sideband.hpp"

#include <doctest/doctest.h>

#include "imposter.hpp"
#include "openai/realtime_event.hpp"

namespace asio = boost::asio;
using namespace std::chrono_literals;
using offhook::Errc;
using offhook::Result;
using offhook::net::HttpRequest;
using offhook::net::HttpResponse;
using offhook::net::WebSocket;
using offhook::openai::Sideband;
using namespace offhook::openai::testing;

namespace {

/// A real WebSocket server: refuses so many upgrades, then says its lines, hears one message of
/// the client if asked to, and cuts the connection without a close frame.
class ImposterSideband {
 public:
  struct Script {
    std::deque<int> refusals{};
    std::vector<std::string> lines{};
    bool listen = false;
    std::string refusal_body{};
  };

  ImposterSideband(asio::io_context& context, Script script) : script_{std::move(script)} {
    offhook::net::HttpHandlers handlers;
    handlers.refuse_upgrade = [this](const HttpRequest& request) { return refuse(request); };
    handlers.websocket = [this](HttpRequest, WebSocket socket) { return serve(std::move(socket)); };
    server_ =
        offhook::net::HttpServer::listen(context.get_executor(), {}, std::move(handlers)).value();
  }

  [[nodiscard]] offhook::openai::Provider provider() const {
    return {.api_base = "http://127.0.0.1:" + std::to_string(server_->port()) + "/v1",
            .api_key = offhook::Secret{"sk-imposter"}};
  }

  std::vector<HttpRequest> upgrades;
  std::string heard;

 private:
  std::optional<HttpResponse> refuse(const HttpRequest& request) {
    upgrades.push_back(request);
    if (script_.refusals.empty()) {
      return std::nullopt;
    }
    const int status = script_.refusals.front();
    script_.refusals.pop_front();
    return HttpResponse{status, {{"X-Request-Id", "req_1"}}, script_.refusal_body};
  }

  asio::awaitable<void> serve(WebSocket socket) {
    for (const std::string& line : script_.lines) {
      const auto sent = co_await socket.send(line);
      static_cast<void>(sent);
    }
    if (script_.listen) {
      auto text = co_await socket.receive();
      heard = text ? *text : text.error().detail;
    }
    socket.drop();
  }

  Script script_;
  std::unique_ptr<offhook::net::HttpServer> server_;
};

/// Types of all events until the sideband ends, and how it ended.
struct Transcript {
  std::vector<std::string> types;
  std::uint64_t malformed = 0;
  offhook::Error ending;
};

asio::awaitable<Result<Transcript>> listen(offhook::openai::Provider provider,
                                           std::string say = {},
                                           std::chrono::milliseconds patience = 10s) {
  auto sideband = co_await Sideband::attach(std::move(provider), "rtc a/b", patience);
  if (!sideband) {
    co_return offhook::fail(std::move(sideband).error());
  }
  if (!say.empty()) {
    const auto sent = co_await sideband->send(std::move(say));
    static_cast<void>(sent);
  }
  Transcript transcript;
  for (;;) {
    auto event = co_await sideband->receive();
    if (!event) {
      transcript.ending = std::move(event).error();
      transcript.malformed = sideband->malformed_events();
      co_return transcript;
    }
    transcript.types.push_back(event->type);
  }
}

using Types = std::vector<std::string>;

}  // namespace

TEST_SUITE("sideband") {
  TEST_CASE("attaches with the key to the escaped call id") {
    asio::io_context context;
    ImposterSideband imposter{context, {.lines = {R"({"type":"session.created"})"}}};
    const auto heard = run(context, listen(imposter.provider()));
    REQUIRE(heard);
    CHECK(heard->types == Types{"session.created"});
    REQUIRE(imposter.upgrades.size() == 1);
    CHECK(imposter.upgrades[0].target == "/v1/realtime?call_id=rtc%20a%2Fb");
    CHECK(imposter.upgrades[0].headers.get("authorization") == "Bearer sk-imposter");
  }

  TEST_CASE("overcomes a 404 right after accept") {
    asio::io_context context;
    ImposterSideband imposter{context,
                              {.refusals = {404, 404}, .lines = {R"({"type":"session.created"})"}}};
    const auto heard = run(context, listen(imposter.provider()));
    REQUIRE(heard);
    CHECK(heard->types == Types{"session.created"});
    CHECK(imposter.upgrades.size() == 3);
  }

  TEST_CASE("believes in a 404 that stays for longer than its patience") {
    asio::io_context context;
    ImposterSideband imposter{context, {.refusals = {404, 404, 404, 404, 404}}};
    const auto attached = run(context, listen(imposter.provider(), {}, 1s));
    REQUIRE_FALSE(attached);
    CHECK(attached.error().code == Errc::refused);
    CHECK(attached.error().status == 404);
    CHECK(attached.error().detail.starts_with("sideband: "));
    CHECK(imposter.upgrades.size() >= 2);
  }

  TEST_CASE("does not insist after 401") {
    asio::io_context context;
    ImposterSideband imposter{context, {.refusals = {401, 401}}};
    const auto heard = run(context, listen(imposter.provider()));
    REQUIRE_FALSE(heard);
    CHECK(heard.error().status == 401);
    CHECK(imposter.upgrades.size() == 1);
  }

  TEST_CASE("quotes a refusal, but never the key that it repeats, nor control characters") {
    asio::io_context context;
    ImposterSideband imposter{
        context,
        {.refusals = {401},
         .refusal_body = R"({"error":{"message":"Bad \u001b[31mBearer sk-imposter",)"
                         R"("code":"invalid_api_key"}})"}};
    const auto heard = run(context, listen(imposter.provider()));
    REQUIRE_FALSE(heard);
    const std::string& detail = heard.error().detail;
    CHECK(
        detail.ends_with("401 Unauthorized: invalid_api_key: Bad  [31mBearer [key] "
                         "(request req_1)"));
    CHECK(detail.find("sk-imposter") == std::string::npos);

    ImposterSideband plain{context, {.refusals = {401}, .refusal_body = "Bearer sk-imposter"}};
    const auto refused = run(context, listen(plain.provider()));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().detail.ends_with("401 Unauthorized: (request req_1)"));
  }

  TEST_CASE("passes unknown events on, counts and skips malformed ones") {
    asio::io_context context;
    ImposterSideband imposter{
        context,
        {.lines = {R"({"type":"session.created"})", "{", R"({"event":"no type"})",
                   R"({"type":"tea.ready","cups":2})", R"(["array"])",
                   R"({"type":"response.done","response":{"status":"completed"}})"}}};
    const auto heard = run(context, listen(imposter.provider()));
    REQUIRE(heard);
    CHECK(heard->types == Types{"session.created", "tea.ready", "response.done"});
    CHECK(heard->malformed == 3);
  }

  TEST_CASE("that drops without a close frame ends with peer_closed, after its last event") {
    asio::io_context context;
    ImposterSideband imposter{context, {.lines = {R"({"type":"session.created"})"}}};
    const auto heard = run(context, listen(imposter.provider()));
    REQUIRE(heard);
    CHECK(heard->ending.code == Errc::peer_closed);
    CHECK(heard->ending.status == 1006);
  }

  TEST_CASE("carries client events as they are") {
    asio::io_context context;
    ImposterSideband imposter{context, {.listen = true}};
    const std::string event = offhook::openai::response_create("Say Hi.");
    const auto heard = run(context, listen(imposter.provider(), event));
    REQUIRE(heard);
    CHECK(imposter.heard == event);
  }
}
