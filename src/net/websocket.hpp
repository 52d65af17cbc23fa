#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "net/http_message.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"

namespace offhook::net {

/// One WebSocket (RFC 6455) that carries text messages, client or server side, ws or wss.
///
/// Lives on one executor. One `receive` and any number of `send` may be outstanding at once: sends
/// go out in the order they were called. Destroying it drops the connection.
class WebSocket {
 public:
  class Impl;
  explicit WebSocket(std::unique_ptr<Impl> impl);
  WebSocket(WebSocket&&) noexcept;
  WebSocket& operator=(WebSocket&&) noexcept;
  ~WebSocket();

  /// The next text message.
  ///
  /// @return `Errc::peer_closed` after a close frame (`status` is the close code) or when the
  ///         connection dropped without one (`status` 1006); `malformed_message` for a protocol
  ///         error or binary data; `overloaded` when a message exceeds the limit.
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> receive();

  /// Sends one text message. @return `Errc::peer_closed` when the connection is gone.
  [[nodiscard]] boost::asio::awaitable<Result<>> send(std::string text);

  /// Writes bytes as they are, after what was sent before: for stand-ins of a peer that breaks the
  /// protocol, which takes what comes next for part of it. @return as `send`.
  [[nodiscard]] boost::asio::awaitable<Result<>> send_raw(std::string bytes);

  /// Closing handshake with `code`, waiting at most 2 s for the peer's.
  boost::asio::awaitable<void> close(int code = 1000, std::string reason = {});

  /// Cuts the TCP connection without a close frame. Outstanding operations end with an error.
  void drop() noexcept;

 private:
  std::unique_ptr<Impl> impl_;
};

struct WebSocketOptions {
  TlsContext tls;                             ///< Needed for wss addresses.
  HttpHeaders headers;                        ///< Sent with the upgrade request.
  std::chrono::milliseconds timeout{10'000};  ///< For connecting and the handshake.
  std::size_t max_message_bytes = 16U << 20U;
  /// Filled with the server's answer when it refuses the upgrade. No error text quotes it, because
  /// a server may repeat our own headers.
  std::shared_ptr<HttpResponse> refusal{};
};

/// Opens a WebSocket to a ws or wss address.
///
/// @return as `http_exchange`, and `Errc::refused` with the HTTP status when the server answers the
///         upgrade with anything but 101; the detail says nothing that the server said.
[[nodiscard]] boost::asio::awaitable<Result<WebSocket>> connect_websocket(Url url,
                                                                          WebSocketOptions options);

}  // namespace offhook::net
