#include <string>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "sip/endpoint.hpp"

namespace offhook::sip {
namespace asio = boost::asio;
using asio::ip::udp;

namespace {

/// Connecting a UDP socket sends nothing, but makes the system choose a route. Empty: there is
/// none.
std::string address_towards(const asio::any_io_executor& executor, const udp::endpoint& peer) {
  boost::system::error_code failure;
  udp::socket socket{executor};
  socket.open(peer.protocol(), failure);
  if (!failure) {
    socket.connect(peer, failure);
  }
  if (failure) {
    return {};
  }
  const udp::endpoint local = socket.local_endpoint(failure);
  return failure ? std::string{} : local.address().to_string();
}

}  // namespace

asio::awaitable<Result<std::string>> local_address_towards(std::string host, std::uint16_t port) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  udp::resolver resolver{executor};
  const std::string service = std::to_string(port);
  const auto [failure, results] = co_await resolver.async_resolve(
      host, service, udp::resolver::numeric_service, asio::as_tuple(asio::use_awaitable));
  if (failure) {
    co_return fail(Errc::not_found, "sip: cannot resolve " + host + " (" + failure.message() +
                                        "); check --sip-target");
  }
  for (const bool want_v4 : {true, false}) {
    for (const auto& entry : results) {
      if (entry.endpoint().address().is_v4() != want_v4) {
        continue;
      }
      const std::string address = address_towards(executor, entry.endpoint());
      if (!address.empty()) {
        co_return address;
      }
    }
  }
  co_return fail(Errc::unreachable, "sip: no route to " + host + "; is the network up?");
}

}  // namespace offhook::sip
