#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "base/error.hpp"
#include "net/event.hpp"
#include "net/stream.hpp"
#include "net/websocket.hpp"

namespace offhook::net {

/// What a WebSocket is made of, shared by its owner, its reading and its writing coroutine.
///
/// The two coroutines end when the connection does, and the owner cuts it when it is destroyed.
/// Reading never stops for a caller that does not ask: pings and the close frame are seen in time,
/// and a `receive` that is cancelled loses nothing.
class WebSocketCore : public std::enable_shared_from_this<WebSocketCore> {
 public:
  using Socket = boost::beast::websocket::stream<Stream, false>;

  WebSocketCore(Stream stream, std::size_t max_message_bytes);

  /// The protocol's stream, for the handshakes.
  [[nodiscard]] Socket& socket() noexcept { return socket_; }
  /// Begins to read and write. After the handshake.
  void start();

  [[nodiscard]] static boost::asio::awaitable<Result<std::string>> receive(
      std::shared_ptr<WebSocketCore> self);
  [[nodiscard]] static boost::asio::awaitable<Result<>> send(std::shared_ptr<WebSocketCore> self,
                                                             std::string text,
                                                             bool raw = false);
  static boost::asio::awaitable<void> close(std::shared_ptr<WebSocketCore> self,
                                            int code,
                                            std::string reason);
  void drop() noexcept;

 private:
  struct Outgoing {
    explicit Outgoing(const boost::asio::any_io_executor& executor) : done{executor} {}

    std::string text;
    bool raw = false;  ///< It is no message, but bytes that go past the protocol.
    std::optional<boost::beast::websocket::close_reason> close{};  ///< Instead of a message.
    std::optional<Result<>> outcome{};
    Event done;
  };

  static boost::asio::awaitable<void> read_loop(std::shared_ptr<WebSocketCore> self);
  static boost::asio::awaitable<void> write_loop(std::shared_ptr<WebSocketCore> self);
  static boost::asio::awaitable<Result<>> wait_until_written(std::shared_ptr<WebSocketCore> self,
                                                             std::shared_ptr<Outgoing> item);
  [[nodiscard]] bool inbox_full() const noexcept;
  void deliver(Result<std::string> message);
  void on_read_failure(const boost::system::error_code& failure);
  /// The connection is over: every later operation fails with `why`.
  void end(Error why) noexcept;

  Socket socket_;
  Stream transport_;
  std::deque<Result<std::string>> inbox_;
  std::size_t inbox_bytes_ = 0;
  std::deque<std::shared_ptr<Outgoing>> outbox_;
  std::optional<Error> ended_;
  Event inbox_changed_;
  Event outbox_changed_;
};

}  // namespace offhook::net
