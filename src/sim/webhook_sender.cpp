#include "sim/webhook_sender.hpp"

#include <algorithm>
#include <chrono>
#include <list>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "net/http_client.hpp"
#include "openai/webhook.hpp"

namespace offhook::sim {
namespace {

namespace asio = boost::asio;
}  // namespace

class WebhookSender::State : public std::enable_shared_from_this<State> {
 public:
  State(asio::any_io_executor control, net::TlsContext tls, WebhookOptions options)
      : control_{std::move(control)}, tls_{std::move(tls)}, options_{std::move(options)} {}

  void set_target(std::string url, Secret secret) {
    url_ = std::move(url);
    secret_ = std::move(secret);
  }
  [[nodiscard]] bool has_target() const noexcept { return !url_.empty(); }

  void deliver(std::string id, std::string body, OnAttempt tell) {
    if (stopped_) {
      return;
    }
    const auto signal = under_way_.emplace(under_way_.end());
    auto done = [self = shared_from_this(), signal](const std::exception_ptr&) {
      self->under_way_.erase(signal);
    };
    asio::co_spawn(control_,
                   run(shared_from_this(), std::move(id), std::move(body), std::move(tell)),
                   asio::bind_cancellation_slot(signal->slot(), std::move(done)));
  }

  void stop() {
    stopped_ = true;
    for (auto next = under_way_.begin(); next != under_way_.end();) {
      const auto signal = next++;  // a delivery that ends at once takes its signal away
      signal->emit(asio::cancellation_type::terminal);
    }
  }

 private:
  static asio::awaitable<void> run(std::shared_ptr<State> self,
                                   std::string id,
                                   std::string body,
                                   OnAttempt tell) {
    asio::steady_timer timer{self->control_};
    int deliveries = self->options_.duplicate ? 2 : 1;
    for (int number = 1; deliveries > 0 && !self->stopped_; ++number) {
      const DeliveryAttempt attempt = co_await self->attempt(number, id, body);
      if (self->stopped_) {
        co_return;
      }
      tell(attempt);
      if (attempt.problem.empty()) {
        --deliveries;
        continue;
      }
      const auto step = static_cast<std::size_t>(number) - 1;
      const auto& delays = self->options_.delays;
      timer.expires_after(delays[std::min(step, delays.size() - 1)]);
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  asio::awaitable<DeliveryAttempt> attempt(int number, std::string id, std::string body) {
    DeliveryAttempt attempt;
    attempt.number = number;
    const auto url = net::parse_url(url_);
    if (!url) {
      attempt.problem = url.error().detail;
      co_return attempt;
    }
    net::HttpRequest request;
    request.method = "POST";
    const std::string timestamp = std::to_string(unix_seconds());
    request.headers.add("user-agent", "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)");
    request.headers.add("content-type", "application/json");
    request.headers.add("webhook-id", id);
    request.headers.add("webhook-timestamp", timestamp);
    request.headers.add("webhook-signature", openai::sign_webhook(secret_, id, timestamp, body));
    request.body = std::move(body);
    net::HttpClientOptions options;
    options.tls = tls_;
    options.timeout = options_.answer_limit;
    const auto answer = co_await net::http_exchange(*url, std::move(request), options);
    if (!answer) {
      attempt.problem = answer.error().detail;
    } else {
      attempt.status = answer->status;
      if (answer->status < 200 || answer->status > 299) {  // a redirect is a failure, too
        attempt.problem = fmt::format("the receiver answered {}", answer->status);
      }
    }
    co_return attempt;
  }

  asio::any_io_executor control_;
  net::TlsContext tls_;
  WebhookOptions options_;
  bool stopped_ = false;
  std::string url_;
  Secret secret_;
  std::list<asio::cancellation_signal> under_way_;
};

WebhookSender::WebhookSender(asio::any_io_executor control,
                             net::TlsContext tls,
                             WebhookOptions options)
    : state_{std::make_shared<State>(std::move(control), std::move(tls), std::move(options))} {}

WebhookSender::~WebhookSender() { stop(); }

void WebhookSender::set_target(std::string url, Secret secret) {
  state_->set_target(std::move(url), std::move(secret));
}

bool WebhookSender::has_target() const noexcept { return state_->has_target(); }

void WebhookSender::deliver(std::string delivery_id, std::string body, OnAttempt tell) {
  state_->deliver(std::move(delivery_id), std::move(body), std::move(tell));
}

void WebhookSender::stop() { state_->stop(); }

}  // namespace offhook::sim
