#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

struct ssl_st;
struct ssl_ctx_st;

namespace offhook::net {

/// TLS right on a connected socket: OpenSSL reads and writes the descriptor itself, and what waits,
/// waits for the descriptor. Between records it holds no buffers; asio::ssl::stream keeps 68 kB for
/// each connection, which a thousand sidebands feel.
///
/// What the descriptor has no room for waits here, a record at most, and not in OpenSSL: a read
/// that has to answer a request for new keys (RFC 8446, 4.6.3) would break the connection there.
///
/// One read and one write at a time, all on the socket's executor. As with asio::ssl::stream a
/// clean end is `eof`, and one without the peer's goodbye is `stream_truncated`.
class TlsSocket {
 public:
  /// Where OpenSSL's bytes go.
  struct Wire {
    boost::asio::ip::tcp::socket& socket;
    std::string unsent{};
  };
  using ErrorCode = boost::system::error_code;
  using Handler = boost::asio::any_completion_handler<void(ErrorCode, std::size_t)>;
  enum class Role { client, server };

  /// @param socket  Outlives this. @param context  Is kept alive by OpenSSL.
  TlsSocket(boost::asio::ip::tcp::socket& socket, ssl_ctx_st* context);
  TlsSocket(const TlsSocket&) = delete;
  TlsSocket& operator=(const TlsSocket&) = delete;
  ~TlsSocket() = default;

  [[nodiscard]] ssl_st* native_handle() const noexcept { return handle_.get(); }

  void start_handshake(Role role, Handler handler);
  void start_read(boost::asio::mutable_buffer into, Handler handler);
  /// @param from  Stays valid until the handler is called.
  void start_write(boost::asio::const_buffer from, Handler handler);
  /// The same for bytes that come in pieces and are to be one record.
  void start_write(std::string bytes, Handler handler);
  /// Sends the goodbye (close_notify) and does not wait for the peer's.
  void start_goodbye(Handler handler);

  template <class Token>
  auto async_handshake(Role role, Token&& token) {
    const auto start = [](auto&& handler, TlsSocket* self, Role as) {
      self->start_handshake(as, std::forward<decltype(handler)>(handler));
    };
    return boost::asio::async_initiate<Token, void(ErrorCode, std::size_t)>(start, token, this,
                                                                            role);
  }

  template <class Token>
  auto async_goodbye(Token&& token) {
    const auto start = [](auto&& handler, TlsSocket* self) {
      self->start_goodbye(std::forward<decltype(handler)>(handler));
    };
    return boost::asio::async_initiate<Token, void(ErrorCode, std::size_t)>(start, token, this);
  }

 private:
  struct Free {
    void operator()(ssl_st* handle) const noexcept;
  };

  Wire wire_;
  std::unique_ptr<ssl_st, Free> handle_;
};

}  // namespace offhook::net
