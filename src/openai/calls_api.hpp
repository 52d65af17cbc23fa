#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "openai/provider.hpp"
#include "openai/retry_policy.hpp"

namespace offhook::openai {

struct CallsApiOptions {
  std::chrono::milliseconds timeout{10'000};  ///< Of each attempt.
  RetryLimits retry{};                        ///< `not_found_window` is ignored, see below.
  std::chrono::milliseconds accept_not_found_window{2'000};
};

/// POST /v1/realtime/calls/{call_id}/…: what a controller does with a pending or live call.
///
/// Retries as OpenAI's own clients do (see RetryPolicy): two more attempts after connection errors,
/// 408, 409, 429 and 5xx, obeying x-should-retry, retry-after-ms and retry-after; an accept that
/// gets 404 is tried again for up to 2 s, because accept can overtake the call (section 2.2).
///
/// Failures are Errors whose `status` is the HTTP status and whose detail quotes the API's own
/// message and code: "accept: 404 call_id_not_found: No session found". Without an answer they are
/// those of `net::http_exchange`.
///
/// Lives on one executor; must outlive its coroutines.
class CallsApi {
 public:
  /// Told before every further attempt, for the timeline.
  using OnRetry = std::function<void(
      std::string_view operation, const Error& why, std::chrono::milliseconds delay)>;

  explicit CallsApi(Provider provider, OnRetry on_retry = {}, CallsApiOptions options = {});

  /// @param session  Session object with `type`, `model`, … (docs/openai-behaviour.md 8).
  [[nodiscard]] boost::asio::awaitable<Result<>> accept(std::string call_id,
                                                        boost::json::object session);
  /// @param sip_status  Final SIP answer to the caller, such as 486 or 603.
  [[nodiscard]] boost::asio::awaitable<Result<>> reject(std::string call_id, int sip_status);
  /// @param target_uri  Goes into Refer-To as it is: "tel:+14155550123", "sip:user@host".
  [[nodiscard]] boost::asio::awaitable<Result<>> refer(std::string call_id, std::string target_uri);
  /// An already ended call (code call_id_not_found) is success.
  [[nodiscard]] boost::asio::awaitable<Result<>> hang_up(std::string call_id);

 private:
  struct Operation;
  [[nodiscard]] boost::asio::awaitable<Result<>> post(Operation operation);

  Provider provider_;
  OnRetry on_retry_;
  CallsApiOptions options_;
};

}  // namespace offhook::openai
