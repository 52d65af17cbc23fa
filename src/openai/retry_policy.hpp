#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "net/http_message.hpp"

namespace offhook::openai {

/// How one attempt at a REST request ended.
struct AttemptOutcome {
  int status = 0;              ///< HTTP status; 0 when no answer came.
  std::error_code failure{};   ///< Why no answer came.
  std::string api_code{};      ///< `error.code` of the answer, or empty.
  net::HttpHeaders headers{};  ///< Of the answer.
};

struct RetryLimits {
  int retries = 2;  ///< Further attempts after the first, as in OpenAI's own clients.
  std::chrono::milliseconds first_delay{500};              ///< Doubles with every attempt …
  std::chrono::milliseconds longest_delay{8'000};          ///< … up to this.
  std::chrono::milliseconds longest_server_delay{60'000};  ///< A longer Retry-After is not obeyed.
  /// How long after the first attempt a 404 may still be "not yet"; zero: a 404 is final.
  std::chrono::milliseconds not_found_window{0};
};

/// Decides whether a request that failed is sent again, and when. One object per request; tell it
/// every attempt, in order. Does no I/O and reads no clock.
///
/// Connection errors, 408, 409, 429 and 5xx are worth `retries` more attempts. x-should-retry
/// overrules that choice, retry-after-ms and retry-after set the delay. Two things differ from
/// OpenAI's clients: a 404 inside `not_found_window` is tried again without using up a retry, and
/// 409 decision_already_made is final because it cannot change.
class RetryPolicy {
 public:
  explicit RetryPolicy(RetryLimits limits = {}) : limits_{limits} {}

  /// @param outcome  Of the attempt that just ended without success.
  /// @param elapsed  Since the first attempt began.
  /// @param now      Wall clock, for a Retry-After that is a date.
  /// @param jitter   In [0, 1): how much of the 25 % is taken off our own delays.
  /// @return how long to wait before the next attempt, or nothing: give up.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next_delay(
      const AttemptOutcome& outcome,
      std::chrono::milliseconds elapsed,
      std::chrono::system_clock::time_point now,
      double jitter);

 private:
  [[nodiscard]] std::chrono::milliseconds backoff(double jitter) const;

  RetryLimits limits_;
  int retries_ = 0;
  int not_found_ = 0;
};

/// What retry-after-ms, else retry-after (seconds or an HTTP date, RFC 9110 section 5.6.7), asks
/// for; nothing when neither can be read. A date in the past is 0.
[[nodiscard]] std::optional<std::chrono::milliseconds> requested_delay(
    const net::HttpHeaders& headers, std::chrono::system_clock::time_point now);

/// Decides whether a refused sideband upgrade is tried again: after 404 (the socket can overtake
/// the accept), 429 and 5xx, with a delay of 100 ms that doubles up to 1 s, for `patience` in all.
/// @param attempt  1 for the first.
[[nodiscard]] std::optional<std::chrono::milliseconds> attach_delay(
    int attempt, int status, std::chrono::milliseconds elapsed, std::chrono::milliseconds patience);

}  // namespace offhook::openai
