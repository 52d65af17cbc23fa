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

/// One for each secret, as "v1,A v1,B".
std::string signatures(const std::vector<Secret>& secrets,
                       const std::string& id,
                       const std::string& timestamp,
                       const std::string& body) {
  std::string all;
  for (const Secret& secret : secrets) {
    all += all.empty() ? "" : " ";
    all += openai::sign_webhook(secret, id, timestamp, body);
  }
  return all;
}

}  // namespace

class WebhookSender::State : public std::enable_shared_from_this<State> {
 public:
  State(asio::any_io_executor control, net::TlsContext tls, WebhookOptions options)
      : control_{std::move(control)}, tls_{std::move(tls)}, options_{std::move(options)} {}

  void deliver(Delivery delivery, OnAttempt tell) {
    if (stopped_) {
      return;
    }
    const auto signal = under_way_.emplace(under_way_.end());
    auto done = [self = shared_from_this(), signal](const std::exception_ptr&) {
      self->under_way_.erase(signal);
    };
    asio::co_spawn(control_, run(shared_from_this(), std::move(delivery), std::move(tell)),
                   asio::bind_cancellation_slot(signal->slot(), std::move(done)));
  }

  void stop() {
    stopped_ = true;
    for (auto next = under_way_.begin(); next != under_way_.end();) {
      const auto signal = next++;  // a delivery that ends at once takes its signal away
      signal->emit(asio::cancellation_type::terminal);
    }
  }

  asio::awaitable<DeliveryAttempt> try_once(WebhookTarget target,
                                            std::string id,
                                            std::string body) {
    DeliveryAttempt attempt;
    const auto url = net::parse_url(target.url);
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
    request.headers.add("webhook-signature", signatures(target.secrets, id, timestamp, body));
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

 private:
  static asio::awaitable<void> run(std::shared_ptr<State> self, Delivery delivery, OnAttempt tell) {
    asio::steady_timer timer{self->control_, delivery.delay};
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    int deliveries = delivery.copies;
    for (int number = 1; deliveries > 0 && !self->stopped_; ++number) {
      auto target = delivery.target();
      if (!target) {
        co_return;
      }
      DeliveryAttempt attempt =
          co_await self->try_once(std::move(*target), delivery.id, delivery.body);
      attempt.number = number;
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
      if (delays.empty()) {
        co_return;
      }
      timer.expires_after(delays[std::min(step, delays.size() - 1)]);
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  asio::any_io_executor control_;
  net::TlsContext tls_;
  WebhookOptions options_;
  bool stopped_ = false;
  std::list<asio::cancellation_signal> under_way_;
};

WebhookSender::WebhookSender(asio::any_io_executor control,
                             net::TlsContext tls,
                             WebhookOptions options)
    : state_{std::make_shared<State>(std::move(control), std::move(tls), std::move(options))} {}

WebhookSender::~WebhookSender() { stop(); }

void WebhookSender::deliver(Delivery delivery, OnAttempt tell) {
  state_->deliver(std::move(delivery), std::move(tell));
}

asio::awaitable<DeliveryAttempt> WebhookSender::try_once(WebhookTarget target,
                                                         std::string id,
                                                         std::string body) {
  return state_->try_once(std::move(target), std::move(id), std::move(body));
}

void WebhookSender::stop() { state_->stop(); }

}  // namespace offhook::sim
