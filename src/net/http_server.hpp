#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "net/http_message.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"
#include "net/websocket.hpp"

namespace offhook::net {

struct HttpServerOptions {
  std::string host = "127.0.0.1";                  ///< Address to bind.
  std::uint16_t port = 0;                          ///< 0: any free port.
  TlsContext tls{};                                ///< Set: https and wss; empty: http and ws.
  std::size_t max_body_bytes = 1U << 20U;          ///< Larger requests get 413.
  std::size_t max_header_bytes = 16U << 10U;       ///< Larger headers get 431.
  std::size_t max_connections = 4096;              ///< Further connections are closed at once.
  std::chrono::milliseconds idle_timeout{15'000};  ///< To receive a request, or between two.
};

/// Writes the body of an answer whose end is not known when it begins.
class HttpBodyWriter {
 public:
  HttpBodyWriter(Stream stream, std::chrono::milliseconds limit)
      : stream_{std::move(stream)}, limit_{limit} {}
  /// @return `peer_closed`, or `timed_out` when the client reads nothing for the idle timeout.
  [[nodiscard]] boost::asio::awaitable<Result<>> write(std::string bytes);

 private:
  Stream stream_;
  std::chrono::milliseconds limit_;
};

/// An answer with status 200 whose body ends with the connection, such as Server-Sent Events.
struct StreamedAnswer {
  HttpHeaders headers;
  /// Writes until it returns; is cancelled once the client has gone.
  std::function<boost::asio::awaitable<void>(HttpBodyWriter)> body;
};

/// What the server does with a request. All run on the server's executor.
struct HttpHandlers {
  /// Answers one request. An exception becomes 500.
  std::function<boost::asio::awaitable<HttpResponse>(HttpRequest)> request;
  /// Asked before `request`: an answer is streamed, nothing leaves the request to `request`.
  std::function<std::optional<StreamedAnswer>(const HttpRequest&)> stream{};
  /// Looks at a WebSocket upgrade: an answer refuses it, nothing accepts it.
  std::function<std::optional<HttpResponse>(const HttpRequest&)> refuse_upgrade{};
  /// Serves an accepted WebSocket until it returns; the socket is dropped then. Absent: 404.
  std::function<boost::asio::awaitable<void>(HttpRequest, WebSocket)> websocket{};
};

/// HTTP/1.1 server with keep-alive, for webhooks, the sim's REST API and its sidebands.
///
/// Malformed requests get 400 and the connection is closed; they are counted.
class HttpServer {
 public:
  /// Binds and begins to accept.
  ///
  /// @return `Errc::invalid_argument` when the address cannot be bound; the detail says why ("port
  ///         8443 of 127.0.0.1 is in use; choose another with --listen").
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(
      const boost::asio::any_io_executor& executor,
      HttpServerOptions options,
      HttpHandlers handlers);

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Stops; handlers still running are cancelled and let go on the executor.
  ~HttpServer();

  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] std::uint64_t malformed_requests() const noexcept;

  /// Accepts no further connections and closes those that are open.
  void stop();

 private:
  class Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace offhook::net
