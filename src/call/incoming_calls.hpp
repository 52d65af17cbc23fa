#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "agent/conversation.hpp"

namespace offhook::call {

/// The header that joins the two halves of a call: we send it in the INVITE, and the webhook quotes
/// it back in `sip_headers`. The SIP side never learns the `call_id` in any other way.
inline constexpr std::string_view call_header = "X-Offhook-Call";

/// Where verified webhooks wait for the call that they belong to. Control thread only.
class IncomingCalls {
 public:
  explicit IncomingCalls(const boost::asio::any_io_executor& executor) : executor_{executor} {}

  enum class Delivered : std::uint8_t { taken, other_api, unknown };

  /// Announces that `id` will be waited for, so that a webhook which is faster is kept.
  /// @param api  Which one's: an INVITE may be offered to both.
  void expect(const std::string& id, agent::Api api = agent::Api::realtime);
  void forget(const std::string& id);

  /// To the call that expects it, if there is one.
  Delivered deliver(agent::PendingCall call);

  /// The webhook whose `X-Offhook-Call` is `id`. Waits until it comes; cancellable.
  [[nodiscard]] boost::asio::awaitable<agent::PendingCall> wait_for(std::string id);

 private:
  struct Expected {
    Expected(const boost::asio::any_io_executor& executor, agent::Api which)
        : arrived{executor, boost::asio::steady_timer::time_point::max()}, api{which} {}
    boost::asio::steady_timer arrived;
    agent::Api api;
    std::optional<agent::PendingCall> call{};
  };
  boost::asio::any_io_executor executor_;
  std::unordered_map<std::string, std::shared_ptr<Expected>> expected_;
};

}  // namespace offhook::call
