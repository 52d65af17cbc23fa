#pragma once

#include <string>
#include <unordered_map>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "openai/webhook.hpp"

namespace offhook::call {

/// The header that joins the two halves of a call: we send it in the INVITE, and the webhook quotes
/// it back in `sip_headers`. The SIP side never learns the `call_id` in any other way.
inline constexpr std::string_view call_header = "X-Offhook-Call";

/// Where verified webhooks wait for the call that they belong to. Control thread only.
class IncomingCalls {
 public:
  explicit IncomingCalls(const boost::asio::any_io_executor& executor) : executor_{executor} {}

  /// Announces that `id` will be waited for, so that a webhook which is faster is kept.
  void expect(const std::string& id);
  void forget(const std::string& id);

  /// @return true when some call expects it.
  bool deliver(openai::RealtimeCallIncoming event);

  /// The webhook whose `X-Offhook-Call` is `id`. Waits until it comes; cancellable.
  [[nodiscard]] boost::asio::awaitable<openai::RealtimeCallIncoming> wait_for(std::string id);

 private:
  struct Expected {
    explicit Expected(const boost::asio::any_io_executor& executor)
        : arrived{executor, boost::asio::steady_timer::time_point::max()} {}
    boost::asio::steady_timer arrived;
    std::optional<openai::RealtimeCallIncoming> event;
  };
  boost::asio::any_io_executor executor_;
  std::unordered_map<std::string, std::shared_ptr<Expected>> expected_;
};

}  // namespace offhook::call
