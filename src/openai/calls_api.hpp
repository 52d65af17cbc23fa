#pragma once

#include <chrono>
#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "openai/provider.hpp"

namespace offhook::openai {

/// POST /v1/realtime/calls/{call_id}/…: what a controller does with a pending or live call.
///
/// Retries as OpenAI's own clients do (reference section 2.3): two more attempts after connection
/// errors, 408, 409, 429 and 5xx, obeying x-should-retry, retry-after-ms and retry-after; an accept
/// that gets 404 is tried again for up to 2 s, because accept can overtake the call (section 2.2).
///
/// Failures are Errors whose `status` is the HTTP status and whose detail quotes the API's own
/// message and code: "accept: 404 call_id_not_found: No session found".
class CallsApi {
 public:
  /// Told before every further attempt, for the timeline.
  using OnRetry = std::function<void(std::string_view operation, const Error& why,
                                     std::chrono::milliseconds delay)>;

  explicit CallsApi(Provider provider, OnRetry on_retry = {});

  /// @param session  Session object with `type`, `model`, … (reference section 8).
  [[nodiscard]] boost::asio::awaitable<Result<>> accept(std::string call_id,
                                                        boost::json::object session);
  [[nodiscard]] boost::asio::awaitable<Result<>> reject(std::string call_id, int sip_status);
  [[nodiscard]] boost::asio::awaitable<Result<>> refer(std::string call_id, std::string target_uri);
  /// An already ended call (code call_id_not_found) is success.
  [[nodiscard]] boost::asio::awaitable<Result<>> hang_up(std::string call_id);

 private:
  [[nodiscard]] boost::asio::awaitable<Result<>> post(std::string operation, std::string call_id,
                                                      std::string body);
  Provider provider_;
  OnRetry on_retry_;
};

}  // namespace offhook::openai
