#pragma once

#include <chrono>

#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "net/http_message.hpp"
#include "net/stream.hpp"
#include "net/websocket.hpp"

namespace offhook::net {

/// Whether the request asks for WebSocket (RFC 6455 section 4.1).
[[nodiscard]] bool is_websocket_upgrade(const HttpRequest& request);

/// Server side of the upgrade: answers `request` with 101, or with 400 when it is no proper
/// upgrade.
[[nodiscard]] boost::asio::awaitable<Result<WebSocket>> accept_websocket(
    Stream stream, HttpRequest request, std::chrono::milliseconds timeout);

}  // namespace offhook::net
