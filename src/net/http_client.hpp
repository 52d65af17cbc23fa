#pragma once

#include <chrono>
#include <cstddef>

#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "net/http_message.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"

namespace offhook::net {

struct HttpClientOptions {
  TlsContext tls;                             ///< Needed for https addresses.
  std::chrono::milliseconds timeout{10'000};  ///< For the whole exchange, connecting included.
  std::size_t max_body_bytes = 1U << 20U;     ///< A larger answer is refused.
};

/// Sends one request on a connection of its own and reads the answer.
///
/// `Host`, `Content-Length` and `Connection: close` are added; `request.target` is ignored in
/// favour of the address. Redirects are not followed.
///
/// @return the answer whatever its status, or an Error whose code says what failed:
///         `not_found` (host name), `unreachable` (connection), `authentication_failed` (TLS
///         certificate; the detail names the reason), `timed_out`, `malformed_message`,
///         `overloaded`.
[[nodiscard]] boost::asio::awaitable<Result<HttpResponse>> http_exchange(Url url,
                                                                         HttpRequest request,
                                                                         HttpClientOptions options);

}  // namespace offhook::net
