#include "openai/webhook_receiver.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/clock.hpp"

namespace offhook::openai {

namespace asio = boost::asio;

namespace {

net::HttpResponse plain(int status, std::string_view text = {}) {
  net::HttpResponse answer;
  answer.status = status;
  if (!text.empty()) {
    answer.headers.add("Content-Type", "text/plain; charset=utf-8");
    answer.body = std::string{text} + "\n";
  }
  return answer;
}

}  // namespace

class WebhookReceiver::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::any_io_executor executor, WebhookReceiverOptions options)
      : executor_{std::move(executor)}, options_{std::move(options)} {}

  net::HttpResponse answer(const net::HttpRequest& request) {
    if (request.path() != options_.path) {
      return plain(404, "webhooks go to " + options_.path);
    }
    if (request.method != "POST") {
      auto answer = plain(405, "webhooks are delivered with POST");
      answer.headers.add("Allow", "POST");
      return answer;
    }
    return receive(request);
  }

  void set_secrets(std::vector<Secret> secrets) { options_.secrets = std::move(secrets); }

  WebhookCounts counts;

 private:
  net::HttpResponse receive(const net::HttpRequest& request) {
    const WebhookHeaders headers{request.headers.get("webhook-id"),
                                 request.headers.get("webhook-timestamp"),
                                 request.headers.get("webhook-signature")};
    const auto now = options_.unix_time ? options_.unix_time() : unix_seconds();
    if (const auto reason = refuse_webhook(options_.secrets, headers, request.body, now)) {
      const bool of_another_time =
          *reason == WebhookRefusal::too_old || *reason == WebhookRefusal::too_new;
      if (of_another_time && options_.on_signed_time &&
          is_signed(options_.secrets, headers, request.body)) {
        options_.on_signed_time(false);
      }
      return refuse(401, *reason);
    }
    if (options_.on_signed_time) {
      options_.on_signed_time(true);
    }
    auto event = parse_webhook(request.body);
    if (!event) {
      return refuse(400, WebhookRefusal::malformed_body);
    }
    std::string id{headers.id};
    if (!seen_.first_time(id, std::chrono::steady_clock::now())) {
      ++counts.duplicates;
      return plain(200);
    }
    ++counts.accepted;
    later([event = std::move(*event), id = std::move(id)](Impl& self) mutable {
      if (self.options_.on_event) {
        self.options_.on_event(std::move(event), std::move(id));
      }
    });
    return plain(200);
  }

  net::HttpResponse refuse(int status, WebhookRefusal reason) {
    ++counts.refused.at(static_cast<std::size_t>(reason));
    later([reason](Impl& self) {
      if (self.options_.on_refused) {
        self.options_.on_refused(reason);
      }
    });
    return plain(status, to_string(reason));
  }

  /// Runs `action` once the answer is on its way, unless the receiver is gone by then.
  template <class Action>
  void later(Action action) {
    asio::post(executor_, [self = weak_from_this(), action = std::move(action)]() mutable {
      if (const auto alive = self.lock()) {
        action(*alive);
      }
    });
  }

  asio::any_io_executor executor_;
  WebhookReceiverOptions options_;
  SeenDeliveries seen_;
};

WebhookReceiver::WebhookReceiver(asio::any_io_executor executor, WebhookReceiverOptions options)
    : impl_{std::make_shared<Impl>(std::move(executor), std::move(options))} {}

WebhookReceiver::~WebhookReceiver() = default;

// Static and no lambda: a coroutine's captures live in the lambda, not in its frame.
asio::awaitable<net::HttpResponse> WebhookReceiver::serve(std::weak_ptr<Impl> receiver,
                                                          net::HttpRequest request) {
  const auto self = receiver.lock();
  if (!self) {
    co_return plain(503);
  }
  co_return self->answer(request);
}

net::HttpHandlers WebhookReceiver::handlers() const {
  net::HttpHandlers handlers;
  handlers.request = [receiver = std::weak_ptr{impl_}](net::HttpRequest request) {
    return serve(receiver, std::move(request));
  };
  return handlers;
}

void WebhookReceiver::set_secrets(std::vector<Secret> secrets) {
  impl_->set_secrets(std::move(secrets));
}

const WebhookCounts& WebhookReceiver::counts() const noexcept { return impl_->counts; }

}  // namespace offhook::openai
