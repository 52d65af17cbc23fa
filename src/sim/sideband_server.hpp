#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/secret.hpp"
#include "net/http_message.hpp"
#include "net/websocket.hpp"
#include "sim/calls.hpp"
#include "sim/ids.hpp"

namespace offhook::sim {

/// GET /v1/realtime?call_id=… and /v1/live/sessions/{session_id}/attach: the control sockets of
/// accepted calls (docs/openai-behaviour.md 4 and 10.2). Control thread.
class SidebandServer {
 public:
  /// @param calls         Must outlive this.
  /// @param early_status  Of a refusal before the accept.
  SidebandServer(Calls& calls, Secret key, Ids ids, int early_status);

  /// Looks at an upgrade: 401 for a wrong key, an empty 404 for a call that is unknown or over, or
  /// was not accepted. @return nothing: go ahead.
  [[nodiscard]] std::optional<net::HttpResponse> refuse(const net::HttpRequest& request);

  /// The call that an upgrade which was not refused is about; null when it ended meanwhile.
  [[nodiscard]] std::shared_ptr<Leg> call_of(const net::HttpRequest& request) const;

  /// The id that an upgrade names, known or not; empty: none of our paths.
  [[nodiscard]] static std::string call_id_of(const net::HttpRequest& request);

  /// Serves one socket of a call until either side ends it.
  /// @param graceful  The call ends it by a closing handshake.
  [[nodiscard]] static boost::asio::awaitable<void> serve(boost::asio::any_io_executor control,
                                                          std::shared_ptr<Leg> leg,
                                                          bool graceful,
                                                          net::WebSocket socket);

 private:
  Calls& calls_;
  Secret key_;
  Ids ids_;
  int early_status_;
};

}  // namespace offhook::sim
