#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "openai/api_client.hpp"
#include "openai/provider.hpp"

namespace offhook::openai {

/// POST /v1/live/sessions…: the same as CallsApi for calls of the Live API
/// (docs/openai-behaviour.md 10).
///
/// Failures are as ApiClient tells them. Lives on one executor; must outlive its coroutines.
class LiveApi {
 public:
  using OnRetry = ApiClient::OnRetry;

  explicit LiveApi(Provider provider, OnRetry on_retry = {}, ApiOptions options = {});

  /// @param body  `{"session": {"type": "live", …}}`. Answered once the session is initialised.
  [[nodiscard]] boost::asio::awaitable<Result<>> accept(std::string session_id,
                                                        boost::json::object body);
  /// @param sip_status  300 to 699; unlike Realtime's, it must be there.
  [[nodiscard]] boost::asio::awaitable<Result<>> reject(std::string session_id, int sip_status);
  [[nodiscard]] boost::asio::awaitable<Result<>> refer(std::string session_id,
                                                       std::string target_uri);
  /// An already ended session (code session_id_not_found) is success.
  [[nodiscard]] boost::asio::awaitable<Result<>> hang_up(std::string session_id);

  /// Places a call: POST /v1/live/sessions. Sent once and never again, because the API does not
  /// recognise a repetition: after `timed_out` or `unreachable` a call may have been placed.
  /// @param body  `{"session": {…}, "transport": {"type": "sip", "destination": "+E164", …}}`.
  /// @return the session's id; attach at once, the sideband keeps only the last 3 s.
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> create(boost::json::object body);

 private:
  [[nodiscard]] boost::asio::awaitable<Result<>> post(ApiRequest request);

  ApiClient client_;
};

}  // namespace offhook::openai
