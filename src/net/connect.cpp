#include "net/connect.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/race.hpp"
#include "net/event.hpp"

namespace offhook::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// For each address but the last: a black hole among them must not use up the whole time.
constexpr std::chrono::seconds patience_with_one_address{2};

/// Outlives the coroutine that waits: Asio cannot interrupt a look-up that is under way.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver{executor}, done{executor} {}

  tcp::resolver resolver;
  Event done;
  bool ended = false;
  boost::system::error_code failure;
  std::vector<tcp::endpoint> endpoints;
};

asio::awaitable<Result<std::vector<tcp::endpoint>>> resolve(std::string host, std::uint16_t port) {
  boost::system::error_code not_an_address;
  const auto address = asio::ip::make_address(host, not_an_address);
  if (!not_an_address) {
    co_return std::vector<tcp::endpoint>{tcp::endpoint{address, port}};
  }
  const auto executor = co_await asio::this_coro::executor;
  auto lookup = std::make_shared<Lookup>(executor);
  lookup->resolver.async_resolve(
      host, std::to_string(port), tcp::resolver::numeric_service,
      [lookup](const boost::system::error_code& failure, const tcp::resolver::results_type& found) {
        lookup->ended = true;
        lookup->failure = failure;
        std::ranges::copy(found, std::back_inserter(lookup->endpoints));
        lookup->done.notify();
      });
  while (!lookup->ended) {
    co_await lookup->done.wait();
  }
  if (lookup->failure || lookup->endpoints.empty()) {
    co_return fail(Errc::not_found, "host name not found (" + lookup->failure.message() +
                                        "); check the address and the network");
  }
  co_return std::move(lookup->endpoints);
}

asio::awaitable<Result<tcp::socket>> connect_one(tcp::endpoint endpoint) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::socket socket{executor};
  const auto [failure] =
      co_await socket.async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
  if (failure) {
    std::string reason = failure.message();
    std::ranges::transform(reason, reason.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    co_return fail(Errc::unreachable, std::move(reason));
  }
  co_return std::move(socket);
}

asio::awaitable<Result<tcp::socket>> connect_any(std::vector<tcp::endpoint> endpoints) {
  for (std::size_t i = 0; i + 1 < endpoints.size(); ++i) {
    auto connected = co_await with_timeout(connect_one(endpoints[i]), patience_with_one_address);
    if (connected) {
      co_return std::move(connected);
    }
  }
  auto last = co_await connect_one(endpoints.back());
  co_return std::move(last);
}

}  // namespace

std::string origin(const Url& url) {
  const bool v6 = url.host.find(':') != std::string::npos;
  return url.scheme + "://" + (v6 ? "[" + url.host + "]" : url.host) + ":" +
         std::to_string(url.port);
}

tl::unexpected<Error> timed_out(const std::string& where,
                                std::chrono::milliseconds limit,
                                const Stage& stage) {
  const auto count = limit.count();
  const std::string duration =
      count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
  return fail(Errc::timed_out,
              where + ": timed out after " + duration + " while " + std::string{*stage});
}

asio::awaitable<Result<Stream>> connect(Url url, TlsContext tls, Stage stage) {
  if (url.tls() && !tls) {
    co_return fail(Errc::invalid_argument, origin(url) + ": no TLS settings were given");
  }
  *stage = "looking up the host name";
  auto endpoints = co_await resolve(url.host, url.port);
  if (!endpoints) {
    co_return fail(std::move(endpoints).error().with(origin(url)));
  }
  *stage = "connecting";
  auto socket = co_await connect_any(std::move(*endpoints));
  if (!socket) {
    co_return fail(std::move(socket).error().with(origin(url)));
  }
  Stream stream{std::move(*socket), url.tls() ? tls : TlsContext{}};
  if (url.tls()) {
    *stage = "waiting for the TLS handshake";
    auto secured = co_await stream.client_handshake(url.host);
    if (!secured) {
      co_return fail(std::move(secured).error().with(origin(url)));
    }
  }
  co_return std::move(stream);
}

}  // namespace offhook::net
