#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "net/http_message.hpp"
#include "openai/provider.hpp"
#include "openai/retry_policy.hpp"

namespace offhook::openai {

struct ApiOptions {
  std::chrono::milliseconds timeout{10'000};  ///< Of each attempt.
  RetryLimits retry{};                        ///< `not_found_window` is ignored, see below.
  std::chrono::milliseconds accept_not_found_window{2'000};
};

/// One request of a controller, however often it is sent.
struct ApiRequest {
  std::string name;  ///< "accept", "hangup", …: for texts.
  std::string url;
  std::string body{};                             ///< JSON; empty: none.
  std::chrono::milliseconds not_found_window{0};  ///< As in RetryLimits.
  bool gone_is_success = false;                   ///< A call that is over already is as wanted.
  bool repeatable = true;                         ///< false: one attempt, whatever comes of it.
};

/// POSTs to one provider's API, with the retries of OpenAI's own clients (see RetryPolicy): what
/// CallsApi and LiveApi have in common.
///
/// Failures are Errors whose `status` is the HTTP status and whose detail quotes the API's own
/// message and code: "accept: 404 call_id_not_found: No session found". Without an answer they are
/// those of `net::http_exchange`.
///
/// Lives on one executor; must outlive its coroutines.
class ApiClient {
 public:
  /// Told before every further attempt, for the timeline.
  using OnRetry = std::function<void(
      std::string_view operation, const Error& why, std::chrono::milliseconds delay)>;

  ApiClient(Provider provider, OnRetry on_retry, ApiOptions options);

  [[nodiscard]] boost::asio::awaitable<Result<net::HttpResponse>> post(ApiRequest request);

  [[nodiscard]] const Provider& provider() const noexcept { return provider_; }
  [[nodiscard]] const ApiOptions& options() const noexcept { return options_; }

 private:
  Provider provider_;
  OnRetry on_retry_;
  ApiOptions options_;
};

}  // namespace offhook::openai
