#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include "base/error.hpp"
#include "net/tls.hpp"

namespace offhook::net {

/// One TCP connection, with or without TLS on it.
///
/// An AsyncStream as Asio and Beast want it, without their templates over the kind of socket: what
/// stands above it is compiled once. A handle: copies share the connection. All on one executor.
class Stream {
 public:
  using executor_type = boost::asio::any_io_executor;
  using ErrorCode = boost::system::error_code;
  using ReadBuffers = std::array<boost::asio::mutable_buffer, 8>;
  using WriteBuffers = std::array<boost::asio::const_buffer, 8>;
  using IoHandler = boost::asio::any_completion_handler<void(ErrorCode, std::size_t)>;
  using FinishHandler = boost::asio::any_completion_handler<void(ErrorCode)>;
  struct IoResult {
    ErrorCode error;
    std::size_t bytes = 0;
  };

  /// @param tls  Empty for plain TCP. Otherwise one of the handshakes comes before any data.
  Stream(boost::asio::ip::tcp::socket socket, const TlsContext& tls);

  [[nodiscard]] executor_type get_executor() const noexcept;
  /// "127.0.0.1:40000", or empty when the peer is gone.
  [[nodiscard]] std::string peer() const;

  /// TLS handshake of the client: sends SNI and verifies the certificate by `host`.
  ///
  /// @return `authentication_failed` when the certificate is not trusted (the detail says why and
  ///         what to do), `unreachable` when there is no TLS on the other side.
  [[nodiscard]] boost::asio::awaitable<Result<>> client_handshake(std::string host);
  [[nodiscard]] boost::asio::awaitable<Result<>> server_handshake();

  [[nodiscard]] boost::asio::awaitable<IoResult> read_some(boost::asio::mutable_buffer buffer);
  [[nodiscard]] boost::asio::awaitable<ErrorCode> write_all(std::string_view bytes);
  /// The next reads return these bytes first.
  void unread(std::string bytes);

  /// Ends the connection so that the peer can still read everything that was written: says goodbye
  /// in TLS and TCP and discards what arrives, for 2 s at most.
  [[nodiscard]] boost::asio::awaitable<void> finish() const;
  /// The same without a coroutine, for Beast.
  void start_finish(FinishHandler handler) const;
  /// Closes the socket at once, without TLS goodbye. Outstanding operations fail.
  void cut() noexcept;

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    const auto start = [](auto&& handler, Transport* transport, const ReadBuffers& into) {
      start_read(*transport, into, std::forward<decltype(handler)>(handler));
    };
    return boost::asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        start, token, transport_.get(), collect<ReadBuffers>(buffers));
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    const auto start = [](auto&& handler, Transport* transport, const WriteBuffers& from) {
      start_write(*transport, from, std::forward<decltype(handler)>(handler));
    };
    return boost::asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        start, token, transport_.get(), collect<WriteBuffers>(buffers));
  }

 private:
  struct Transport;

  static void start_read(Transport& transport, const ReadBuffers& into, IoHandler handler);
  static void start_write(Transport& transport, const WriteBuffers& from, IoHandler handler);

  /// The first few non-empty buffers: a stream may always transfer less than asked.
  template <class Collected, class Buffers>
  static Collected collect(const Buffers& buffers) {
    Collected collected{};
    std::size_t count = 0;
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (auto it = boost::asio::buffer_sequence_begin(buffers);
         it != end && count < collected.size(); ++it) {
      const typename Collected::value_type buffer{*it};
      if (buffer.size() > 0) {
        collected[count++] = buffer;
      }
    }
    return collected;
  }

  static boost::asio::awaitable<void> finish(std::shared_ptr<Transport> transport);

  std::shared_ptr<Transport> transport_;
};

}  // namespace offhook::net
