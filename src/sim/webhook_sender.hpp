#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

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
  /// Before each further attempt; the last one repeats.
  std::vector<std::chrono::milliseconds> delays{std::chrono::seconds{1}, std::chrono::seconds{5},
                                                std::chrono::seconds{30}, std::chrono::seconds{60}};
  bool duplicate = false;  ///< Quirk: everything is delivered twice.
};

/// Delivers signed webhooks as OpenAI does (docs/openai-behaviour.md 3.5): anything but a 2xx in
/// time is tried again with the same id, a new timestamp and a new signature. Control thread.
class WebhookSender {
 public:
  using OnAttempt = std::function<void(const DeliveryAttempt&)>;

  /// @param tls  For https addresses.
  WebhookSender(boost::asio::any_io_executor control, net::TlsContext tls, WebhookOptions options);
  WebhookSender(const WebhookSender&) = delete;
  WebhookSender& operator=(const WebhookSender&) = delete;
  /// Gives up what is under way.
  ~WebhookSender();

  /// Where deliveries go from now on, repeated ones included. @param url  Empty: nowhere.
  void set_target(std::string url, Secret secret);
  [[nodiscard]] bool has_target() const noexcept;
  /// Delivers `body`. @param tell  Called after every attempt.
  void deliver(std::string delivery_id, std::string body, OnAttempt tell);
  /// Gives up what is under way and sends nothing more.
  void stop();

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace offhook::sim
