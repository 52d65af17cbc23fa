#include "net/tls_socket.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include "net/tls.hpp"
#include "net_fixture.hpp"
#include "test_certificates.hpp"

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

/// TLS on both ends, after the handshake, and how many messages of a kind each has sent.
struct Established {
  static constexpr int key_update = SSL3_MT_KEY_UPDATE;

  Established() {
    tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    near.socket.connect(acceptor.local_endpoint());
    acceptor.accept(far.socket);
    near.socket.set_option(tcp::socket::send_buffer_size{16'384});
    far.socket.set_option(tcp::socket::receive_buffer_size{16'384});
    near.open(client);
    far.open(server);
    int done = 0;
    const auto count = [&](auto error, auto) { done += error ? 0 : 1; };
    near.tls->start_handshake(TlsSocket::Role::client, count);
    far.tls->start_handshake(TlsSocket::Role::server, count);
    test::run_until(context, [&] { return done == 2; });
  }

  struct End {
    explicit End(asio::io_context& context) : socket{context} {}
    void open(const TlsContext& trust) {
      tls.emplace(socket, trust->native_handle());
      SSL_set_msg_callback(tls->native_handle(), &End::on_message);
      SSL_set_msg_callback_arg(tls->native_handle(), this);
    }
    static void on_message(
        int sent, int, int kind, const void* text, std::size_t size, SSL*, void* self) {
      const bool is_update = kind == SSL3_RT_HANDSHAKE && size > 0 &&
                             *static_cast<const unsigned char*>(text) == key_update;
      static_cast<End*>(self)->updates_sent += sent == 1 && is_update ? 1 : 0;
    }
    /// Writes what `rest` holds, piece by piece.
    void write_all() {
      tls->start_write(asio::buffer(rest), [this](auto error, auto written) {
        failed = failed || error;
        rest.erase(0, written);
        if (!rest.empty() && !failed) {
          write_all();
        }
      });
    }
    /// Reads into `heard` until the end.
    void read_all() {
      tls->start_read(asio::buffer(chunk), [this](auto error, auto read) {
        heard.append(chunk.data(), read);
        failed = failed || error;
        if (!failed) {
          read_all();
        }
      });
    }
    tcp::socket socket;
    std::optional<TlsSocket> tls{};
    std::string rest{};
    std::string heard{};
    std::array<char, 65'536> chunk{};
    bool failed = false;
    int updates_sent = 0;
  };

  test::TestCertificates certificates;
  TlsContext client = certificates.client();
  TlsContext server = certificates.server();
  asio::io_context context;
  End near{context};
  End far{context};
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

  TEST_CASE("new keys that the peer asks for in the middle of a write break neither direction") {
    Established both;
    REQUIRE(SSL_version(both.near.tls->native_handle()) == TLS1_3_VERSION);
    std::string sent;
    for (std::size_t i = 0; sent.size() < 8'000'000; ++i) {
      sent += std::to_string(i) + ' ';
    }
    both.near.rest = sent;
    both.near.read_all();
    both.near.write_all();
    // The far end does not read: it goes on until the buffers of both are full.
    std::size_t left = 0;
    while (left != both.near.rest.size()) {
      left = both.near.rest.size();
      both.context.restart();
      both.context.poll();
    }
    REQUIRE(left > 0);

    SSL* const far = both.far.tls->native_handle();
    for (const std::string word : {"one", "two"}) {
      REQUIRE(SSL_key_update(far, SSL_KEY_UPDATE_REQUESTED) == 1);
      const std::string before = both.near.heard;
      both.far.tls->start_write(word, [&](auto error, auto) { CHECK_FALSE(error); });
      test::run_until(both.context, [&] { return both.near.heard == before + word; });
    }
    CHECK(both.far.updates_sent == 2);
    CHECK_FALSE(both.near.rest.empty());  // it was still waiting for room

    both.far.read_all();
    test::run_until(both.context,
                    [&] { return both.near.failed || both.far.heard.size() >= sent.size(); });
    CHECK_FALSE(both.near.failed);
    CHECK_FALSE(both.far.failed);
    CHECK(both.far.heard == sent);
    CHECK(both.near.updates_sent >= 1);  // RFC 8446, 4.6.3: several requests, one answer
  }
}

}  // namespace
}  // namespace offhook::net
