#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"

namespace offhook::net {

/// What an outgoing exchange is busy with, for the text of its timeout. Shared, because the
/// exchange is gone by the time somebody asks.
using Stage = std::shared_ptr<std::string_view>;

/// "https://host:port", for error texts: never the target, which may hold a token.
[[nodiscard]] std::string origin(const Url& url);

/// "https://host:port: timed out after 10 s while connecting".
[[nodiscard]] tl::unexpected<Error> timed_out(const std::string& where,
                                              std::chrono::milliseconds limit,
                                              const Stage& stage);

/// Resolves, connects and, for https and wss, completes the verified TLS handshake. Has no time
/// limit of its own; it can be cancelled at any moment.
///
/// @return `not_found`, `unreachable`, `authentication_failed` or, without TLS settings for an
///         address that needs them, `invalid_argument`. Details begin with the origin.
[[nodiscard]] boost::asio::awaitable<Result<Stream>> connect(Url url, TlsContext tls, Stage stage);

}  // namespace offhook::net
