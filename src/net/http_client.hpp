#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "net/http_message.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"

namespace offhook::net {

/// Connections that stay open between exchanges, for a peer that is talked to often: the next
/// exchange with the same origin needs no handshakes. One executor.
class HttpConnections {
 public:
  HttpConnections();
  HttpConnections(const HttpConnections&) = delete;
  HttpConnections& operator=(const HttpConnections&) = delete;
  ~HttpConnections();

  /// Closes what is open and keeps nothing any more. To be called before the executor goes away, if
  /// this is to outlive it.
  void close() noexcept;

  class Impl;
  [[nodiscard]] Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

struct HttpClientOptions {
  TlsContext tls;                             ///< Needed for https addresses.
  std::chrono::milliseconds timeout{10'000};  ///< For the whole exchange, connecting included.
  std::size_t max_body_bytes = 1U << 20U;     ///< A larger answer is refused.
  /// Set: a kept connection is used where there is one. When it turns out to be closed, the request
  /// goes out again on a new one, so give it only with requests that may be repeated.
  std::shared_ptr<HttpConnections> connections{};
  /// Set: the body of an answer with status 2xx is handed over piece by piece as it comes, and is
  /// not in the answer. false: no more is wanted; the exchange ends well, and its connection
  /// closes.
  std::function<bool(std::string_view piece)> on_body{};
};

/// Sends one request, on a connection of its own unless `connections` are given, and reads the
/// answer.
///
/// `Host`, `Content-Length` and, on a connection of its own, `Connection: close` are added;
/// `request.target` is ignored in favour of the address. Redirects are not followed. Cancelling it
/// closes its connection.
///
/// @return the answer whatever its status, or an Error whose code says what failed:
///         `not_found` (host name), `unreachable` (connection), `authentication_failed` (TLS
///         certificate; the detail names the reason), `timed_out`, `malformed_message`,
///         `overloaded`.
[[nodiscard]] boost::asio::awaitable<Result<HttpResponse>> http_exchange(Url url,
                                                                         HttpRequest request,
                                                                         HttpClientOptions options);

}  // namespace offhook::net
