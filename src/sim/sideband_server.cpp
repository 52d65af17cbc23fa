#include "sim/sideband_server.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/url.hpp"
#include "sim/rest_api.hpp"

namespace offhook::sim {
namespace {

namespace asio = boost::asio;

constexpr std::string_view realtime_path = "/v1/realtime";
constexpr std::string_view attach = "/attach";
constexpr std::chrono::milliseconds last_events_limit{2'000};
constexpr std::chrono::milliseconds look_interval{10};
constexpr std::size_t most_unsent_bytes = 4U << 20U;

/// Which call an upgrade is about; nothing: none of our paths.
std::optional<CallRef> find_call(const net::HttpRequest& request) {
  std::string_view path = request.path();
  if (path == realtime_path) {
    return CallRef{Api::realtime, request.query("call_id")};
  }
  if (!path.starts_with(live_sessions_path) || !path.ends_with(attach) ||
      path.size() <= live_sessions_path.size() + attach.size()) {
    return std::nullopt;
  }
  path.remove_prefix(live_sessions_path.size());
  path.remove_suffix(attach.size());
  return CallRef{Api::live, net::percent_decode(path)};
}

/// An observer with a WebSocket. Kept alive by whatever it still sends.
class SocketObserver : public Observer, public std::enable_shared_from_this<SocketObserver> {
 public:
  SocketObserver(asio::any_io_executor control, bool graceful, net::WebSocket socket)
      : control_{std::move(control)}, graceful_{graceful}, socket_{std::move(socket)} {}

  void send(std::string event) override {
    if (unsent_bytes_ + event.size() > most_unsent_bytes) {
      drop();
    }
    if (!dropped_ && !finishing_) {
      unsent_bytes_ += event.size();
      asio::co_spawn(control_, send_one(shared_from_this(), std::move(event)), asio::detached);
    }
  }

  void send_raw(std::string bytes) override {
    if (!dropped_ && !finishing_) {
      finishing_ = true;
      asio::co_spawn(control_, break_off(shared_from_this(), std::move(bytes)), asio::detached);
    }
  }

  [[nodiscard]] bool idle() const override { return dropped_ || unsent_bytes_ == 0; }

  void drop() override {
    dropped_ = true;
    socket_.drop();
  }

  void finish() override {
    if (!std::exchange(finishing_, true) && !dropped_) {
      asio::co_spawn(control_, end(shared_from_this()), asio::detached);
    }
  }

  [[nodiscard]] asio::awaitable<Result<std::string>> receive() { return socket_.receive(); }

 private:
  static asio::awaitable<void> send_one(std::shared_ptr<SocketObserver> self, std::string event) {
    const std::size_t size = event.size();
    if (!self->dropped_) {
      const auto sent = co_await self->socket_.send(std::move(event));
      self->dropped_ = self->dropped_ || !sent;
    }
    self->unsent_bytes_ -= size;
  }

  static asio::awaitable<void> break_off(std::shared_ptr<SocketObserver> self, std::string bytes) {
    const auto sent = co_await self->socket_.send_raw(std::move(bytes));
    self->dropped_ = self->dropped_ || !sent;
  }

  static asio::awaitable<void> end(std::shared_ptr<SocketObserver> self) {
    asio::steady_timer timer{self->control_};
    const auto limit = std::chrono::steady_clock::now() + last_events_limit;
    while (!self->idle() && std::chrono::steady_clock::now() < limit) {
      timer.expires_after(look_interval);
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (self->graceful_ && !self->dropped_) {
      co_await self->socket_.close();
    }
    self->drop();
  }

  asio::any_io_executor control_;
  bool graceful_;
  net::WebSocket socket_;
  std::size_t unsent_bytes_ = 0;
  bool finishing_ = false;
  bool dropped_ = false;
};

/// Detaches however the coroutine ends.
class Attachment {
 public:
  Attachment(std::shared_ptr<Leg> leg, std::shared_ptr<SocketObserver> observer)
      : leg_{std::move(leg)}, observer_{std::move(observer)} {
    leg_->attach(observer_);
  }
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;
  ~Attachment() { leg_->detach(*observer_); }

 private:
  std::shared_ptr<Leg> leg_;
  std::shared_ptr<SocketObserver> observer_;
};

}  // namespace

SidebandServer::SidebandServer(Calls& calls, Secret key, Ids ids, int early_status)
    : calls_{calls}, key_{std::move(key)}, ids_{std::move(ids)}, early_status_{early_status} {}

std::optional<net::HttpResponse> SidebandServer::refuse(const net::HttpRequest& request) {
  net::HttpResponse response;
  response.status = 404;
  const auto call = find_call(request);
  if (!call) {
    return response;
  }
  if (!authorized(request, key_)) {
    return error_response(wrong_key(), ids_.request());
  }
  const auto leg = calls_.accepted(call->api, call->id);
  if (!leg && calls_.pending(call->api, call->id)) {
    response.status = early_status_;
    return response;
  }
  if (!leg) {
    return call->api == Api::live ? error_response(leg.error(), ids_.request()) : response;
  }
  return (*leg)->quirks().has(Quirk::sideband_404) ? std::optional{response} : std::nullopt;
}

std::string SidebandServer::call_id_of(const net::HttpRequest& request) {
  auto call = find_call(request);
  return call ? std::move(call->id) : std::string{};
}

std::shared_ptr<Leg> SidebandServer::call_of(const net::HttpRequest& request) const {
  const auto call = find_call(request);
  if (!call) {
    return nullptr;
  }
  auto leg = calls_.accepted(call->api, call->id);
  return leg ? std::move(*leg) : nullptr;
}

asio::awaitable<void> SidebandServer::serve(asio::any_io_executor control,
                                            std::shared_ptr<Leg> leg,
                                            bool graceful,
                                            net::WebSocket socket) {
  if (!leg) {
    co_return;
  }
  auto observer = std::make_shared<SocketObserver>(std::move(control), graceful, std::move(socket));
  const Attachment attachment{leg, observer};
  for (;;) {
    const auto message = co_await observer->receive();
    if (!message) {
      co_return;
    }
    leg->on_client_event(*message);
  }
}

}  // namespace offhook::sim
