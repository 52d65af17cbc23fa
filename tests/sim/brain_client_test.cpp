// What asks a chat endpoint, against an endpoint of its own.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>

#include "base/json.hpp"
#include "net/http_server.hpp"
#include "sim/brain.hpp"

namespace offhook::sim {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds brain_patience{60};

/// A chat endpoint that streams what it is given and then stays open, or refuses.
class ChatServer {
 public:
  explicit ChatServer(const asio::any_io_executor& executor) {
    net::HttpHandlers handlers;
    handlers.request = [this](net::HttpRequest request) { return refuse(std::move(request)); };
    handlers.stream = [this](const net::HttpRequest& request) { return stream(request); };
    server_ = net::HttpServer::listen(executor, {}, std::move(handlers)).value();
  }

  [[nodiscard]] BrainConfig config() const {
    return {brain_url("http://127.0.0.1:" + std::to_string(server_->port())).value(), "tiny",
            Secret{"sk-chat"}};
  }

  std::vector<net::HttpRequest> asked;
  std::string says;   ///< Events; empty: 401, with what was shown.
  int open = 0;       ///< Streams that a client listens to.
  bool stays = true;  ///< What is streamed is not the end.

 private:
  static asio::awaitable<void> talk(ChatServer* self, net::HttpBodyWriter writer) {
    struct Departure {
      ChatServer* server;
      ~Departure() { --server->open; }
    };
    ++self->open;
    const Departure departure{self};
    const auto written = co_await writer.write(self->says);
    static_cast<void>(written);
    if (!self->stays) {
      co_return;
    }
    asio::steady_timer never{co_await asio::this_coro::executor,
                             asio::steady_timer::time_point::max()};
    co_await never.async_wait(asio::use_awaitable);
  }

  std::optional<net::StreamedAnswer> stream(const net::HttpRequest& request) {
    asked.push_back(request);
    if (says.empty()) {
      return std::nullopt;
    }
    net::StreamedAnswer streamed;
    streamed.headers.add("Content-Type", "text/event-stream");
    streamed.body = [this](net::HttpBodyWriter writer) { return talk(this, std::move(writer)); };
    return streamed;
  }

  static asio::awaitable<net::HttpResponse> refuse(net::HttpRequest request) {
    net::HttpResponse response;
    response.status = 401;
    response.body = "who is " + std::string{request.headers.get("authorization")};
    co_return response;
  }

  std::unique_ptr<net::HttpServer> server_;
};

struct BrainWorld {
  asio::io_context context{1};
  ChatServer server{context.get_executor()};
  std::optional<Brain> brain{std::in_place, context.get_executor(), server.config(),
                             net::TlsContext{}};
  std::string told{};  ///< Parts, each with what ended it: "|" or, of the last, ".".

  void ask(const std::string& id) {
    brain->ask(id, {{"messages", boost::json::array{}}}, [this](const Result<ReplyPart>& part) {
      told += part ? part->words + (part->last ? "." : "|") : "error: " + part.error().detail;
    });
  }
  void run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + brain_patience;
    context.restart();
    while (!done()) {
      REQUIRE(context.run_one_until(deadline) == 1);
    }
  }
};

constexpr const char* begun =
    "data: {\"choices\":[{\"delta\":{\"content\":\"One! Two! Thr\"}}]}\n\n";
constexpr const char* ended =
    "data: {\"choices\":[{\"delta\":{\"content\":\"ee!\"},\"finish_reason\":\"stop\"}]}\n\n";

TEST_SUITE("Brain over HTTP") {
  TEST_CASE("tells sentences while the rest is still thought of, and the rest when it is said") {
    BrainWorld world;
    world.server.says = begun;
    world.ask("r1");
    world.run_until([&] { return !world.told.empty(); });
    CHECK(world.told == "One! Two!|");
    CHECK(world.brain->waiting() == 1);
    const net::HttpRequest& request = world.server.asked.front();
    CHECK(request.path() == "/v1/chat/completions");
    CHECK(request.headers.get("authorization") == "Bearer sk-chat");
    CHECK(request.body == R"({"messages":[],"model":"tiny"})");
    world.told.clear();
    world.server.says += ended;
    world.ask("r2");
    world.run_until([&] { return world.told.ends_with('.'); });
    CHECK(world.told == "One! Two! Three!.");  // although the stream stays open
    CHECK(world.brain->waiting() == 1);
  }

  TEST_CASE("closes the connection of a question that is given up, and of no other") {
    BrainWorld world;
    world.server.says = begun;
    world.ask("r1");
    world.ask("r2");
    world.run_until([&] { return world.told == "One! Two!|One! Two!|"; });
    CHECK(world.server.open == 2);
    CHECK(world.brain->stop("r1"));
    CHECK_FALSE(world.brain->stop("r1"));
    world.run_until([&] { return world.server.open == 1; });
    CHECK(world.brain->waiting() == 1);
  }

  TEST_CASE("closes its connections when it goes, and tells nothing more") {
    BrainWorld world;
    world.server.says = begun;
    world.ask("r1");
    world.run_until([&] { return world.server.open == 1; });
    world.brain.reset();
    world.run_until([&] { return world.server.open == 0; });
    CHECK(world.told.empty());
  }

  TEST_CASE("may be given up by the one who is told") {
    BrainWorld world;
    world.server.says = begun;
    world.brain->ask("r1", {}, [&](const Result<ReplyPart>& part) {
      world.told += part->words;
      world.brain.reset();
    });
    world.run_until([&] { return !world.brain && world.server.open == 0; });
    CHECK(world.told == "One! Two!");
  }

  TEST_CASE("tells refusals without the key, and streams that break off") {
    BrainWorld world;
    world.ask("r1");
    world.run_until([&] { return !world.told.empty(); });
    CHECK(world.told.starts_with("error: it answered 401: who is Bearer "));
    CHECK(world.told.find("sk-chat") == std::string::npos);
    CHECK(world.brain->waiting() == 0);
    world.told.clear();
    world.server.says = begun;
    world.server.stays = false;
    world.ask("r2");
    world.run_until([&] { return world.brain->waiting() == 0; });
    CHECK(world.told == "One! Two!| Thr.");  // what was said is the answer
  }
}

}  // namespace
}  // namespace offhook::sim
