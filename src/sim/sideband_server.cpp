#include "sim/sideband_server.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "sim/rest_api.hpp"

namespace offhook::sim {
namespace {

namespace asio = boost::asio;

constexpr std::string_view realtime_path = "/v1/realtime";
constexpr std::size_t most_unsent_bytes = 4U << 20U;

/// An observer with a WebSocket. Kept alive by whatever it still sends.
class SocketObserver : public Observer, public std::enable_shared_from_this<SocketObserver> {
 public:
  SocketObserver(asio::any_io_executor control, net::WebSocket socket)
      : control_{std::move(control)}, socket_{std::move(socket)} {}

  void send(std::string event) override {
    if (unsent_bytes_ + event.size() > most_unsent_bytes) {
      drop();
    }
    if (!dropped_) {
      unsent_bytes_ += event.size();
      asio::co_spawn(control_, send_one(shared_from_this(), std::move(event)), asio::detached);
    }
  }

  [[nodiscard]] bool idle() const override { return dropped_ || unsent_bytes_ == 0; }

  void drop() override {
    dropped_ = true;
    socket_.drop();
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

  asio::any_io_executor control_;
  net::WebSocket socket_;
  std::size_t unsent_bytes_ = 0;
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

SidebandServer::SidebandServer(Calls& calls, Secret key, Ids ids)
    : calls_{calls}, key_{std::move(key)}, ids_{std::move(ids)} {}

std::optional<net::HttpResponse> SidebandServer::refuse(const net::HttpRequest& request) {
  net::HttpResponse response;
  response.status = 404;
  if (request.path() != realtime_path) {
    return response;
  }
  if (!authorized(request, key_)) {
    return error_response(wrong_key(), ids_.request());
  }
  if (!calls_.accepted(request.query("call_id"))) {
    return response;
  }
  return std::nullopt;
}

std::shared_ptr<Leg> SidebandServer::call_of(const net::HttpRequest& request) const {
  auto leg = calls_.accepted(request.query("call_id"));
  return leg ? std::move(*leg) : nullptr;
}

asio::awaitable<void> SidebandServer::serve(asio::any_io_executor control,
                                            std::shared_ptr<Leg> leg,
                                            net::WebSocket socket) {
  if (!leg) {
    co_return;
  }
  auto observer = std::make_shared<SocketObserver>(std::move(control), std::move(socket));
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
