#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/secret.hpp"
#include "net/http_server.hpp"
#include "serve/call_desk.hpp"
#include "serve/event_feed.hpp"
#include "serve/metrics.hpp"

namespace offhook::serve {

/// The largest body of an order: 30 s of sound for `play`, in base64.
inline constexpr std::size_t max_order_bytes = 2U << 20U;

struct ControlApiServices {
  CallDesk& desk;
  EventFeed& feed;
  const Metrics& metrics;
  std::function<Gauges()> gauges;
  /// Why new calls cannot be taken; empty: they can.
  std::function<std::string()> not_ready;
  /// POST /v1/drain; without a limit: the configured one.
  std::function<void(std::optional<std::chrono::seconds> limit)> drain;
  Secret token;
};

/// The control API (docs/control-api.md): lists and orders of calls, event streams, health and
/// metrics, to be served on loopback by `net::HttpServer`. One executor; the services must outlive
/// it, and it must outlive the server.
class ControlApi {
 public:
  explicit ControlApi(ControlApiServices services);
  ~ControlApi();
  ControlApi(const ControlApi&) = delete;
  ControlApi& operator=(const ControlApi&) = delete;

  [[nodiscard]] net::HttpHandlers handlers();
  /// Clients of event streams right now.
  [[nodiscard]] std::size_t followers() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace offhook::serve
