#include "net/tls_socket.hpp"

#include <array>
#include <chrono>
#include <optional>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include "net/tls.hpp"

namespace offhook::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

/// A client's TLS on one end of a connection; the test is the other end.
struct Pair {
  Pair() {
    tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    near.connect(acceptor.local_endpoint());
    acceptor.accept(far);
    tls.emplace(near, client->native_handle());
  }
  void handshake() {
    tls->start_handshake(
        TlsSocket::Role::client,
        asio::bind_cancellation_slot(cancel.slot(), [this](auto error, auto) { ended = error; }));
    context.poll();  // the hello is sent, and its answer waited for
  }

  asio::io_context context;
  TlsContext client = make_client_tls().value();
  tcp::socket near{context};
  tcp::socket far{context};
  std::optional<TlsSocket> tls{};
  asio::cancellation_signal cancel;
  std::optional<TlsSocket::ErrorCode> ended{};
};

TEST_SUITE("TLS socket") {
  TEST_CASE("a cancellation ends what waits") {
    Pair pair;
    pair.handshake();
    REQUIRE_FALSE(pair.ended);
    pair.cancel.emit(asio::cancellation_type::terminal);
    pair.context.run_for(60s);
    CHECK(pair.ended == asio::error::operation_aborted);
  }

  TEST_CASE("a cancellation also counts when the wait is over and its handler is yet to come") {
    Pair pair;
    pair.handshake();
    REQUIRE_FALSE(pair.ended);
    // Both are ready at once: a piece of an answer, which is not enough, and room to write.
    constexpr std::array<unsigned char, 3> piece{0x16, 3, 3};
    asio::write(pair.far, asio::buffer(piece));
    pair.near.async_wait(tcp::socket::wait_write,
                         [&](auto) { pair.cancel.emit(asio::cancellation_type::terminal); });
    pair.context.run_for(60s);
    CHECK(pair.ended == asio::error::operation_aborted);
  }

  TEST_CASE("an end without the goodbye is told from a clean one") {
    Pair pair;
    pair.handshake();
    pair.far.close();
    pair.context.run_for(60s);
    REQUIRE(pair.ended);
    CHECK(pair.ended != asio::error::eof);
    CHECK(*pair.ended);
  }
}

}  // namespace
}  // namespace offhook::net
