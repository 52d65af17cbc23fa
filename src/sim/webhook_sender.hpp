#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "net/tls.hpp"
#include "sim/ids.hpp"

namespace offhook::sim {

/// One attempt to deliver a webhook.
struct DeliveryAttempt {
  int number = 1;         ///< Counts from 1.
  int status = 0;         ///< HTTP status of the answer; 0: none came.
  std::string problem{};  ///< Empty when it was delivered.
};

struct WebhookOptions {
  std::chrono::milliseconds answer_limit{5'000};
  /// Before each further attempt; the last one repeats. None: there is one attempt.
  std::vector<std::chrono::milliseconds> delays{std::chrono::seconds{1}, std::chrono::seconds{5},
                                                std::chrono::seconds{30}, std::chrono::seconds{60}};
};

/// Where a webhook goes and what it is signed with: several secrets while they are rotated.
struct WebhookTarget {
  std::string url;
  std::vector<Secret> secrets;
};

/// One webhook to deliver.
struct Delivery {
  std::string id;  ///< "wh_…", the same in all attempts.
  std::string body;
  /// Asked before every attempt; nothing: there is nobody any more to deliver to.
  std::function<std::optional<WebhookTarget>()> target;
  std::chrono::milliseconds delay{0};  ///< Before the first attempt.
  int copies = 1;                      ///< Quirk: so many are delivered.
};

/// Delivers signed webhooks as OpenAI does (docs/openai-behaviour.md 3.5): anything but a 2xx in
/// time is tried again with the same id, a new timestamp and new signatures. Control thread.
class WebhookSender {
 public:
  using OnAttempt = std::function<void(const DeliveryAttempt&)>;

  /// @param tls  For https addresses.
  WebhookSender(boost::asio::any_io_executor control, net::TlsContext tls, WebhookOptions options);
  WebhookSender(const WebhookSender&) = delete;
  WebhookSender& operator=(const WebhookSender&) = delete;
  /// Gives up what is under way.
  ~WebhookSender();

  /// @param tell  Called after every attempt.
  void deliver(Delivery delivery, OnAttempt tell);
  /// Tries once, as OpenAI's test deliveries do.
  [[nodiscard]] boost::asio::awaitable<DeliveryAttempt> try_once(WebhookTarget target,
                                                                 std::string id,
                                                                 std::string body);
  /// Gives up what is under way and sends nothing more.
  void stop();

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace offhook::sim
