#include "net/stream.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "base/race.hpp"
#include "net/as_result.hpp"
#include "net/tls_socket.hpp"

namespace offhook::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::chrono::seconds goodbye_limit{2};
constexpr std::size_t discard_limit = 4U << 20U;  ///< Bytes that finish() reads away.

/// What a person can do about a certificate that OpenSSL does not accept.
std::string advice(long reason, const std::string& host) {
  switch (reason) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the certificate is not for '" + host + "'; check the host name";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "check this machine's clock, or have the server's certificate renewed";
    default: return "when the server's CA is a private one, name its file with --api-ca";
  }
}

/// SNI. OpenSSL's own macro for this is an old-style cast.
bool send_server_name(SSL* handle, std::string& host) {
  return SSL_ctrl(handle, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data()) ==
         1;
}

/// Headers and a short body go out as one record, a long body as it lies in memory.
void write_record(TlsSocket& tls, const Stream::WriteBuffers& from, Stream::IoHandler handler) {
  constexpr std::size_t most_joined = 8'192;
  if (from[1].size() == 0 || from[0].size() >= most_joined) {
    tls.start_write(from.front(), std::move(handler));
    return;
  }
  std::string joined(std::min(asio::buffer_size(from), most_joined), '\0');
  asio::buffer_copy(asio::buffer(joined), from);
  tls.start_write(std::move(joined), std::move(handler));
}

}  // namespace

struct Stream::Transport {
  explicit Transport(tcp::socket connected) : socket{std::move(connected)} {}

  tcp::socket socket;
  TlsContext context;
  std::optional<TlsSocket> tls;
  std::string unread;
};

Stream::Stream(tcp::socket socket, const TlsContext& tls)
    : transport_{std::make_shared<Transport>(std::move(socket))} {
  boost::system::error_code ignored;
  transport_->socket.set_option(tcp::no_delay{true}, ignored);
  if (tls) {
    transport_->context = tls;
    transport_->tls.emplace(transport_->socket, tls->native_handle());
  }
}

Stream::executor_type Stream::get_executor() const noexcept {
  return transport_->socket.get_executor();
}

std::string Stream::peer() const {
  boost::system::error_code failure;
  const auto endpoint = transport_->socket.remote_endpoint(failure);
  if (failure) {
    return {};
  }
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(endpoint.port());
}

asio::awaitable<Result<>> Stream::client_handshake(std::string host) {
  auto& tls = *transport_->tls;
  SSL* handle = tls.native_handle();
  boost::system::error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  X509_VERIFY_PARAM* expected = SSL_get0_param(handle);
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const int named = not_an_address
                        ? X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size())
                        : X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str());
  if (named != 1 || (not_an_address && !send_server_name(handle, host))) {
    co_return fail(Errc::internal, "TLS cannot verify the name '" + host + "'");
  }
  const auto [failure, none] = co_await tls.async_handshake(TlsSocket::Role::client, as_result);
  if (!failure) {
    co_return Result<>{};
  }
  const long reason = SSL_get_verify_result(handle);
  if (reason != X509_V_OK) {
    co_return fail(Errc::authentication_failed, std::string{"certificate refused: "} +
                                                    X509_verify_cert_error_string(reason) + "; " +
                                                    advice(reason, host));
  }
  co_return fail(Errc::unreachable, "TLS handshake failed: " + failure.message() +
                                        "; check that this port speaks TLS 1.2 or newer");
}

asio::awaitable<Result<>> Stream::server_handshake() {
  const auto [failure, none] =
      co_await transport_->tls->async_handshake(TlsSocket::Role::server, as_result);
  if (failure) {
    co_return fail(Errc::unreachable, "TLS handshake failed: " + failure.message());
  }
  co_return Result<>{};
}

asio::awaitable<Stream::IoResult> Stream::read_some(asio::mutable_buffer buffer) {
  const auto [error, bytes] = co_await async_read_some(buffer, as_result);
  co_return IoResult{error, bytes};
}

asio::awaitable<Stream::ErrorCode> Stream::write_all(std::string_view bytes) {
  const auto buffer = asio::buffer(bytes.data(), bytes.size());
  const auto [error, written] = co_await asio::async_write(*this, buffer, as_result);
  co_return error;
}

void Stream::unread(std::string bytes) { transport_->unread = std::move(bytes); }

void Stream::cut() noexcept {
  boost::system::error_code ignored;
  transport_->socket.close(ignored);
}

void Stream::start_read(Transport& transport, const ReadBuffers& into, IoHandler handler) {
  if (!transport.unread.empty()) {
    const auto bytes = asio::buffer_copy(into, asio::buffer(transport.unread));
    transport.unread.erase(0, bytes);
    auto complete = [done = std::move(handler), bytes]() mutable {
      std::move(done)(ErrorCode{}, bytes);
    };
    asio::post(transport.socket.get_executor(), std::move(complete));
  } else if (transport.tls) {
    transport.tls->start_read(into.front(), std::move(handler));
  } else {
    transport.socket.async_read_some(into, std::move(handler));
  }
}

void Stream::start_write(Transport& transport, const WriteBuffers& from, IoHandler handler) {
  if (transport.tls) {
    write_record(*transport.tls, from, std::move(handler));
  } else {
    transport.socket.async_write_some(from, std::move(handler));
  }
}

namespace {

/// Reads from the bare socket: what arrives now is not looked at, so TLS need not decrypt it.
asio::awaitable<void> discard(tcp::socket& socket) {
  std::array<char, 16'384> waste{};
  std::size_t total = 0;
  while (total < discard_limit) {
    const auto [error, bytes] = co_await socket.async_read_some(asio::buffer(waste), as_result);
    if (error) {
      co_return;
    }
    total += bytes;
  }
}

asio::awaitable<Result<>> say_goodbye(tcp::socket& socket, std::optional<TlsSocket>& tls) {
  if (tls) {
    co_await tls->async_goodbye(as_result);
  }
  boost::system::error_code ignored;
  socket.shutdown(tcp::socket::shutdown_send, ignored);
  co_await discard(socket);
  co_return Result<>{};
}

}  // namespace

asio::awaitable<void> Stream::finish(std::shared_ptr<Transport> transport) {
  const auto ended =
      co_await with_timeout(say_goodbye(transport->socket, transport->tls), goodbye_limit);
  static_cast<void>(ended);
  boost::system::error_code ignored;
  transport->socket.close(ignored);
}

asio::awaitable<void> Stream::finish() const { return finish(transport_); }

void Stream::start_finish(FinishHandler handler) const {
  auto complete = [done = std::move(handler)](const std::exception_ptr&) mutable {
    std::move(done)(ErrorCode{});
  };
  asio::co_spawn(get_executor(), finish(transport_), std::move(complete));
}

}  // namespace offhook::net
