#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "openai/api_client.hpp"
#include "openai/provider.hpp"

namespace offhook::openai {

using CallsApiOptions = ApiOptions;

/// POST /v1/realtime/calls/{call_id}/…: what a controller does with a pending or live call.
///
/// Retries as OpenAI's own clients do (see RetryPolicy): two more attempts after connection errors,
/// 408, 409, 429 and 5xx, obeying x-should-retry, retry-after-ms and retry-after; an accept that
/// gets 404 is tried again for up to 2 s, because accept can overtake the call (section 2.2).
///
/// Failures are as ApiClient tells them. Lives on one executor; must outlive its coroutines.
class CallsApi {
 public:
  using OnRetry = ApiClient::OnRetry;

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
  [[nodiscard]] boost::asio::awaitable<Result<>> post(ApiRequest request);

  ApiClient client_;
};

}  // namespace offhook::openai
