#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/secret.hpp"
#include "net/http_server.hpp"
#include "openai/webhook.hpp"

namespace offhook::openai {

/// What came to the webhook so far.
struct WebhookCounts {
  std::uint64_t accepted = 0;              ///< Genuine, first time.
  std::uint64_t duplicates = 0;            ///< Genuine, but their webhook-id had come before.
  std::array<std::uint64_t, 6> refused{};  ///< By WebhookRefusal.

  [[nodiscard]] std::uint64_t refused_for(WebhookRefusal reason) const {
    return refused.at(static_cast<std::size_t>(reason));
  }
  [[nodiscard]] std::uint64_t refused_in_all() const {
    return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0});
  }
};

struct WebhookReceiverOptions {
  std::vector<Secret> secrets;  ///< Any may have signed (rotation).
  /// A genuine delivery, once per webhook-id. Called after the answer, on the executor;
  /// must not throw.
  std::function<void(WebhookEvent, std::string webhook_id)> on_event;
  /// A delivery that was not believed, for the timeline. Called like `on_event`.
  std::function<void(WebhookRefusal)> on_refused{};
  /// A genuine signature: does its time fit our clock? Told before the answer, must not throw. What
  /// does not fit is old, repeated by somebody else, or our clock is wrong.
  std::function<void(bool fits)> on_signed_time{};
  std::string path = "/webhook";
  /// Unix seconds; empty: the system's clock.
  std::function<std::int64_t()> unix_time{};
};

/// The receiving end of OpenAI's webhooks, to be served by `net::HttpServer`.
///
/// | request to `path`                        | answer                                       |
/// |------------------------------------------|----------------------------------------------|
/// | POST, genuine                            | 200, `on_event` afterwards                   |
/// | POST, genuine, repeated                  | 200, nothing else                            |
/// | POST, a header missing, stale, forged    | 401, `on_refused` afterwards                 |
/// | POST, genuine signature, no JSON event   | 400, `on_refused` afterwards                 |
/// | another method                           | 405                                          |
/// | (any other path)                         | 404                                          |
///
/// The body is verified before it is parsed, and answered before anything is done about it: OpenAI
/// waits a few seconds only and repeats what is not answered. One executor; once the receiver is
/// destroyed, nothing is called back and handlers that are still in use answer 503.
class WebhookReceiver {
 public:
  WebhookReceiver(boost::asio::any_io_executor executor, WebhookReceiverOptions options);
  WebhookReceiver(const WebhookReceiver&) = delete;
  WebhookReceiver& operator=(const WebhookReceiver&) = delete;
  ~WebhookReceiver();

  [[nodiscard]] net::HttpHandlers handlers() const;
  /// From the next delivery on, these are the secrets (rotation without a restart).
  void set_secrets(std::vector<Secret> secrets);
  [[nodiscard]] const WebhookCounts& counts() const noexcept;

 private:
  class Impl;
  static boost::asio::awaitable<net::HttpResponse> serve(std::weak_ptr<Impl> receiver,
                                                         net::HttpRequest request);
  std::shared_ptr<Impl> impl_;
};

}  // namespace offhook::openai
