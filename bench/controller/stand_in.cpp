#include "stand_in.hpp"

#include <charconv>
#include <chrono>
#include <cstdlib>

#include <boost/asio/io_context.hpp>

#include "net/http_server.hpp"
#include "net/tls.hpp"

namespace offhook::bench {

namespace asio = boost::asio;

namespace {

/// "/v1/realtime/calls/rtc_17/accept" → 17.
std::size_t number_of(std::string_view path) {
  const auto at = path.find("rtc_");
  std::size_t number = max_calls;
  if (at != std::string_view::npos) {
    std::from_chars(path.data() + at + 4, path.data() + path.size(), number);
  }
  return number;
}

asio::awaitable<net::HttpResponse> answer(Shared& shared, net::HttpRequest request) {
  const std::size_t number = number_of(request.path());
  if (number < max_calls && request.path().ends_with("/accept")) {
    shared.accepted_at.at(number) = now_ns();
  }
  co_return net::HttpResponse{};
}

asio::awaitable<void> hold(Shared& shared, net::WebSocket socket) {
  const auto sent = co_await socket.send(R"({"type":"session.created","session":{"id":"sess_1"}})");
  if (sent) {
    ++shared.attached;
  }
  for (;;) {
    const auto received = co_await socket.receive();
    if (!received) {
      co_return;
    }
  }
}

}  // namespace

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void run_stand_in(Shared& shared, const net::CertificateFiles& certificates) {
  asio::io_context context{1};
  net::HttpServerOptions options;
  options.tls = net::make_server_tls(certificates.server_file, certificates.server_file).value();
  net::HttpHandlers handlers;
  handlers.request = [&](net::HttpRequest request) { return answer(shared, std::move(request)); };
  handlers.websocket = [&](const net::HttpRequest&, net::WebSocket socket) {
    return hold(shared, std::move(socket));
  };
  const auto server =
      net::HttpServer::listen(context.get_executor(), options, std::move(handlers)).value();
  shared.port = server->port();
  context.run();
  std::abort();  // the server never lets the loop end
}

}  // namespace offhook::bench
