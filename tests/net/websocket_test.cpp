#include "net/websocket.hpp"

#include <array>

#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include "base/race.hpp"
#include "net/http_server.hpp"
#include "net_fixture.hpp"
#include "test_certificates.hpp"

namespace asio = boost::asio;
using namespace offhook;
using namespace std::chrono_literals;
using net::HttpRequest;
using net::WebSocket;

namespace {

using Handler = std::function<asio::awaitable<void>(HttpRequest, WebSocket)>;

asio::awaitable<void> echo_messages(HttpRequest, WebSocket socket) {
  while (true) {
    auto message = co_await socket.receive();
    if (!message) {
      co_return;
    }
    const auto sent = co_await socket.send(std::move(*message));
    if (!sent) {
      co_return;
    }
  }
}

asio::awaitable<void> keep(asio::awaitable<Result<WebSocket>> opening,
                           std::optional<Result<WebSocket>>* opened) {
  auto result = co_await std::move(opening);
  opened->emplace(std::move(result));
}

/// A server with one WebSocket handler, and clients, on one context.
struct SocketSite {
  explicit SocketSite(Handler handler = echo_messages, net::TlsContext tls = {}) {
    net::HttpServerOptions options;
    options.tls = std::move(tls);
    net::HttpHandlers handlers;
    handlers.request = [](HttpRequest) -> asio::awaitable<net::HttpResponse> {
      co_return net::HttpResponse{};
    };
    handlers.refuse_upgrade = [this](const HttpRequest& request) {
      upgrade_seen = request;
      return refusal;
    };
    handlers.websocket = std::move(handler);
    server = net::HttpServer::listen(context.get_executor(), options, handlers).value();
  }

  [[nodiscard]] std::string port() const { return std::to_string(server->port()); }

  Result<WebSocket> connect(const std::string& scheme = "ws", net::WebSocketOptions options = {}) {
    const auto url = net::parse_url(scheme + "://localhost:" + port() + "/v1?call_id=x").value();
    std::optional<Result<WebSocket>> opened;
    asio::co_spawn(context, keep(net::connect_websocket(url, std::move(options)), &opened),
                   asio::detached);
    test::run_until(context, [&] { return opened.has_value(); });
    return std::move(*opened);
  }

  template <class T>
  T run(asio::awaitable<T> work) {
    return test::run_on(context, std::move(work));
  }

  std::optional<net::HttpResponse> refusal;
  HttpRequest upgrade_seen;
  asio::io_context context{1};
  std::unique_ptr<net::HttpServer> server;
};

const std::string upgrade_request =
    "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// One masked frame with an all-zero mask, as a hand-made client sends it.
std::string frame(int first_byte, const std::string& payload) {
  std::string bytes{static_cast<char>(first_byte), static_cast<char>(0x80U | payload.size())};
  return bytes + std::string(4, '\0') + payload;
}

/// What a server's handler received until the connection was over.
struct Witness {
  std::vector<Result<std::string>> received;
  bool over = false;

  Handler handler() {
    return [this](HttpRequest, WebSocket socket) -> asio::awaitable<void> {
      while (!over) {
        auto message = co_await socket.receive();
        over = !message && message.error().code == Errc::peer_closed;
        received.push_back(std::move(message));
      }
    };
  }
};

}  // namespace

TEST_SUITE("WebSocket") {
  TEST_CASE("carries text both ways, over TCP and over TLS, 1 MiB too") {
    const test::TestCertificates good;
    for (const std::string scheme : {"ws", "wss"}) {
      CAPTURE(scheme);
      SocketSite site{echo_messages, scheme == "wss" ? good.server() : net::TlsContext{}};
      net::WebSocketOptions options;
      options.tls = good.client();
      options.headers.add("Authorization", "Bearer k");
      auto socket = site.connect(scheme, options).value();
      CHECK(site.upgrade_seen.query("call_id") == "x");
      CHECK(site.upgrade_seen.headers.get("authorization") == "Bearer k");
      CHECK(site.upgrade_seen.headers.get("host") == "localhost:" + site.port());
      for (const auto& text :
           {std::string{}, std::string{"h\xC3\xA9llo"}, std::string(1U << 20U, 'x')}) {
        REQUIRE(site.run(socket.send(text)));
        CHECK(site.run(socket.receive()).value() == text);
      }
    }
  }

  TEST_CASE("refuses a certificate for another name") {
    const test::TestCertificates elsewhere{{"elsewhere.example"}, {}};
    SocketSite site{echo_messages, elsewhere.server()};
    net::WebSocketOptions options;
    options.tls = elsewhere.client();
    const auto failed = site.connect("wss", options);
    CHECK(failed.error().code == Errc::authentication_failed);
    CHECK(failed.error().detail.find("hostname mismatch") != std::string::npos);
  }

  TEST_CASE("sends in the order of the calls, however many are outstanding") {
    SocketSite site;
    auto socket = site.connect().value();
    int sent = 0;
    for (int i = 0; i < 100; ++i) {
      asio::co_spawn(
          site.context, socket.send(std::to_string(i)),
          [&](const std::exception_ptr&, const Result<>& outcome) { sent += outcome ? 1 : 0; });
    }
    for (int i = 0; i < 100; ++i) {
      CHECK(site.run(socket.receive()).value() == std::to_string(i));
    }
    CHECK(sent == 100);
  }

  TEST_CASE("tells the status of a refused upgrade") {
    SocketSite site;
    site.refusal.emplace();
    site.refusal->status = 404;
    const auto empty = site.connect();
    CHECK(empty.error().code == Errc::refused);
    CHECK(empty.error().status == 404);
    site.refusal->status = 401;
    site.refusal->body = "bad key sk-1\x1b[31m";
    const auto told = site.connect();
    CHECK(told.error().status == 401);
    CHECK(told.error().detail ==
          "ws://localhost:" + site.port() + ": WebSocket refused with 401 Unauthorized");
  }

  TEST_CASE("hands the answer of a refused upgrade to who asks for it") {
    SocketSite site;
    site.refusal = net::HttpResponse{403, {{"X-Request-Id", "req_1"}}, "not yours"};
    net::WebSocketOptions options;
    options.refusal = std::make_shared<net::HttpResponse>();
    const auto answer = options.refusal;
    CHECK_FALSE(site.connect("ws", std::move(options)));
    CHECK(answer->status == 403);
    CHECK(answer->headers.get("x-request-id") == "req_1");
    CHECK(answer->body == "not yours");
  }

  TEST_CASE("is refused with an empty 404 by a server without sockets, which goes on") {
    asio::io_context context{1};
    net::HttpHandlers handlers;
    handlers.request = [](HttpRequest) -> asio::awaitable<net::HttpResponse> {
      co_return net::HttpResponse{};
    };
    const auto server = net::HttpServer::listen(context.get_executor(), {}, handlers).value();
    const auto answers =
        test::run_on(context, test::raw_exchange(server->port(), upgrade_request +
                                                                     "GET / HTTP/1.1\r\nHost: h\r\n"
                                                                     "Connection: close\r\n\r\n"));
    CHECK(answers.starts_with("HTTP/1.1 404 Not Found\r\n"));
    CHECK(answers.find("Content-Length: 0\r\n") != std::string::npos);
    CHECK(answers.find("HTTP/1.1 200 OK\r\n") != std::string::npos);
  }

  TEST_CASE("gives up on a server that does not answer the upgrade") {
    asio::io_context context{1};
    asio::ip::tcp::acceptor silent{context, {asio::ip::address_v4::loopback(), 0}};
    const auto url =
        net::parse_url("ws://127.0.0.1:" + std::to_string(silent.local_endpoint().port())).value();
    net::WebSocketOptions options;
    options.timeout = 20ms;
    std::optional<Result<WebSocket>> opened;
    asio::co_spawn(context, keep(net::connect_websocket(url, options), &opened), asio::detached);
    test::run_until(context, [&] { return opened.has_value(); });
    CHECK(opened->error().code == Errc::timed_out);
  }

  TEST_CASE("reports the peer's close code and reason after the messages before it") {
    SocketSite site{[](HttpRequest, WebSocket socket) -> asio::awaitable<void> {
      const auto sent = co_await socket.send("last words");
      CHECK(sent);
      co_await socket.close(4001, "call ended");
    }};
    auto socket = site.connect().value();
    CHECK(site.run(socket.receive()).value() == "last words");
    const auto closed = site.run(socket.receive());
    CHECK(closed.error().code == Errc::peer_closed);
    CHECK(closed.error().status == 4001);
    CHECK(closed.error().detail == "WebSocket closed with 4001: call ended");
    CHECK(site.run(socket.send("too late")).error().code == Errc::peer_closed);
  }

  TEST_CASE("closes after what was sent before, over TLS too") {
    const test::TestCertificates good;
    Witness witness;
    SocketSite site{witness.handler(), good.server()};
    net::WebSocketOptions options;
    options.tls = good.client();
    auto socket = site.connect("wss", options).value();
    bool closed = false;
    asio::co_spawn(site.context, socket.send("goodbye"),
                   [](const std::exception_ptr&, const Result<>&) {});
    asio::co_spawn(site.context, socket.close(1001),
                   [&](const std::exception_ptr&) { closed = true; });
    test::run_until(site.context, [&] { return witness.over && closed; });
    CHECK(witness.received.front().value() == "goodbye");
    CHECK(witness.received.back().error().status == 1001);
  }

  TEST_CASE("close ends within its time although the peer never answers") {
    SocketSite site{
        [](HttpRequest, WebSocket socket) -> asio::awaitable<void> { co_await socket.close(); }};
    asio::ip::tcp::socket deaf{site.context};
    deaf.connect({asio::ip::address_v4::loopback(), site.server->port()});
    asio::write(deaf, asio::buffer(upgrade_request));
    auto read_to_end = [](asio::ip::tcp::socket& socket) -> asio::awaitable<bool> {
      std::array<char, 1024> chunk{};
      while (true) {
        const auto [failure, bytes] = co_await socket.async_read_some(
            asio::buffer(chunk), asio::as_tuple(asio::use_awaitable));
        if (failure) {
          co_return true;
        }
      }
    };
    CHECK(site.run(read_to_end(deaf)));
  }

  TEST_CASE("reports 1006 when the peer drops the connection, over TCP and over TLS") {
    const test::TestCertificates good;
    for (const std::string scheme : {"ws", "wss"}) {
      CAPTURE(scheme);
      SocketSite site{[](HttpRequest, WebSocket socket) -> asio::awaitable<void> {
                        socket.drop();
                        co_return;
                      },
                      scheme == "wss" ? good.server() : net::TlsContext{}};
      net::WebSocketOptions options;
      options.tls = good.client();
      auto socket = site.connect(scheme, options).value();
      const auto dropped = site.run(socket.receive());
      CHECK(dropped.error().code == Errc::peer_closed);
      CHECK(dropped.error().status == 1006);
    }
  }

  TEST_CASE("tells binary data as malformed and goes on") {
    Witness witness;
    SocketSite site{witness.handler()};
    const auto wire =
        upgrade_request + frame(0x82, "\x01\x02") + frame(0x81, "text") + frame(0x88, "\x03\xE8");
    site.run(test::raw_exchange(site.server->port(), wire));
    test::run_until(site.context, [&] { return witness.over; });
    REQUIRE(witness.received.size() == 3);
    CHECK(witness.received[0].error().code == Errc::malformed_message);
    CHECK(witness.received[1].value() == "text");
    CHECK(witness.received[2].error().status == 1000);
  }

  TEST_CASE("tells invalid UTF-8 and unmasked frames as malformed once, then as closed") {
    const std::array<std::string, 3> broken{frame(0x81, "\xC3\x28"), "\x81\x02hi",
                                            frame(0xC1, "reserved bit")};
    for (const auto& bytes : broken) {
      Witness witness;
      SocketSite site{witness.handler()};
      site.run(test::raw_exchange(site.server->port(), upgrade_request + bytes));
      test::run_until(site.context, [&] { return witness.over; });
      REQUIRE(witness.received.size() == 2);
      CHECK(witness.received[0].error().code == Errc::malformed_message);
      CHECK(witness.received[1].error().code == Errc::peer_closed);
    }
  }

  TEST_CASE("puts fragments together and answers pings in between") {
    Witness witness;
    SocketSite site{witness.handler()};
    const auto wire = upgrade_request + frame(0x01, "one ") + frame(0x89, "ping!") +
                      frame(0x80, "two") + frame(0x88, "\x03\xE8");
    const auto answer = site.run(test::raw_exchange(site.server->port(), wire));
    test::run_until(site.context, [&] { return witness.over; });
    CHECK(witness.received.front().value() == "one two");
    CHECK(answer.find("\x8A\x05ping!") != std::string::npos);
  }

  TEST_CASE("tells a message beyond the limit as overload, then as closed") {
    SocketSite site;
    net::WebSocketOptions options;
    options.max_message_bytes = 1000;
    auto socket = site.connect("ws", options).value();
    REQUIRE(site.run(socket.send(std::string(1001, 'x'))));
    CHECK(site.run(socket.receive()).error().code == Errc::overloaded);
    CHECK(site.run(socket.receive()).error().code == Errc::peer_closed);
  }

  TEST_CASE("answers 400 to an upgrade that is none") {
    SocketSite site;
    const auto answer = site.run(test::raw_exchange(
        site.server->port(),
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"));
    CHECK(answer.starts_with("HTTP/1.1 400 "));
    CHECK(site.server->malformed_requests() == 1);
  }

  TEST_CASE("loses nothing when a receive is cancelled") {
    SocketSite site;
    auto socket = site.connect().value();
    CHECK(site.run(with_timeout(socket.receive(), 1ms)).error().code == Errc::timed_out);
    REQUIRE(site.run(socket.send("still here")));
    CHECK(site.run(socket.receive()).value() == "still here");
  }

  TEST_CASE("can be destroyed, dropped and moved while operations are outstanding") {
    SocketSite site;
    for (const bool destroy : {true, false}) {
      std::optional<WebSocket> socket{site.connect().value()};
      std::vector<Error> errors;
      const auto note = [&](const std::exception_ptr&, const auto& outcome) {
        if (!outcome) {
          errors.push_back(outcome.error());
        }
      };
      asio::co_spawn(site.context, socket->receive(), note);
      asio::co_spawn(site.context, socket->send(std::string(8U << 20U, 'x')), note);
      asio::co_spawn(site.context, socket->send("never sent"), note);
      for (int i = 0; i < 10; ++i) {
        site.context.restart();
        site.context.poll_one();
      }
      WebSocket moved{std::move(*socket)};
      *socket = std::move(moved);
      if (destroy) {
        socket.reset();
      } else {
        socket->drop();
      }
      test::run_until(site.context, [&] { return errors.size() == 3; });
      for (const auto& error : errors) {
        CHECK(error.code == Errc::peer_closed);
        CHECK(error.status == 1006);
      }
    }
  }

  TEST_CASE("is cut when its server stops, and the handler is cancelled") {
    const auto token = std::make_shared<int>(0);
    SocketSite site{
        [weak = std::weak_ptr{token}](HttpRequest, WebSocket socket) -> asio::awaitable<void> {
          const auto held = weak.lock();
          const auto never = co_await socket.receive();
          static_cast<void>(never);
        }};
    auto socket = site.connect().value();
    test::run_until(site.context, [&] { return token.use_count() == 2; });
    site.server->stop();
    CHECK(site.run(socket.receive()).error().status == 1006);
    test::run_until(site.context, [&] { return token.use_count() == 1; });
  }
}
