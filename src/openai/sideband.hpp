#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "net/websocket.hpp"
#include "openai/provider.hpp"
#include "openai/sideband_event.hpp"

namespace offhook::openai {

/// The control socket of one accepted call, of either API.
class Sideband {
 public:
  /// Attaches to an accepted call. A 404 right after accept is retried for `patience`.
  /// @return as `net::connect_websocket`.
  [[nodiscard]] static boost::asio::awaitable<Result<Sideband>> attach(
      Provider provider,
      std::string call_id,
      std::chrono::milliseconds patience = std::chrono::seconds{3});

  /// The same for a call of the Live API.
  [[nodiscard]] static boost::asio::awaitable<Result<Sideband>> attach_live(
      Provider provider,
      std::string session_id,
      std::chrono::milliseconds patience = std::chrono::seconds{3});

  /// Next message as it is on the wire. @return as `receive`.
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> receive_text();
  /// Next event; malformed ones are counted and skipped. @return `peer_closed` when the socket is
  /// gone: the call may still be up (docs/openai-behaviour.md 4), so ask SIP before believing it.
  [[nodiscard]] boost::asio::awaitable<Result<SidebandEvent>> receive();
  [[nodiscard]] boost::asio::awaitable<Result<>> send(std::string event);
  boost::asio::awaitable<void> close();
  void drop() noexcept { socket_.drop(); }
  [[nodiscard]] std::uint64_t malformed_events() const noexcept { return malformed_; }

 private:
  [[nodiscard]] static boost::asio::awaitable<Result<Sideband>> open(
      Provider provider, std::string url, std::chrono::milliseconds patience);

  explicit Sideband(net::WebSocket socket) : socket_{std::move(socket)} {}
  net::WebSocket socket_;
  std::uint64_t malformed_ = 0;
};

}  // namespace offhook::openai
