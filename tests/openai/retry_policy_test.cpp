#include "openai/retry_policy.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace std::chrono_literals;
using offhook::Errc;
using offhook::net::HttpHeaders;
using offhook::openai::attach_delay;
using offhook::openai::AttemptOutcome;
using offhook::openai::requested_delay;
using offhook::openai::RetryLimits;
using offhook::openai::RetryPolicy;
using std::chrono::milliseconds;

namespace {

// Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::chrono::system_clock::time_point now{784'111'777s};

AttemptOutcome answered(int status, HttpHeaders headers = {}, std::string code = {}) {
  return {.status = status, .api_code = std::move(code), .headers = std::move(headers)};
}
AttemptOutcome unanswered(Errc failure) { return {.failure = make_error_code(failure)}; }

std::optional<milliseconds> first_delay(const AttemptOutcome& outcome, double jitter = 0) {
  return RetryPolicy{}.next_delay(outcome, 0ms, now, jitter);
}

}  // namespace

TEST_SUITE("retry policy") {
  TEST_CASE("repeats 408, 409, 429 and 5xx, and nothing else that was answered") {
    for (const int status : {408, 409, 429, 500, 502, 503, 504, 599}) {
      CAPTURE(status);
      CHECK(first_delay(answered(status)) == 500ms);
    }
    for (const int status : {301, 400, 401, 403, 404, 413, 422}) {
      CAPTURE(status);
      CHECK_FALSE(first_delay(answered(status)));
    }
  }

  TEST_CASE("repeats what had no answer, but not what another attempt cannot mend") {
    for (const Errc failure :
         {Errc::unreachable, Errc::timed_out, Errc::not_found, Errc::peer_closed}) {
      CHECK(first_delay(unanswered(failure)) == 500ms);
    }
    for (const Errc failure : {Errc::authentication_failed, Errc::malformed_message,
                               Errc::overloaded, Errc::invalid_argument, Errc::internal}) {
      CHECK_FALSE(first_delay(unanswered(failure)));
    }
  }

  TEST_CASE("gives up after two further attempts") {
    RetryPolicy policy;
    CHECK(policy.next_delay(answered(500), 0ms, now, 0) == 500ms);
    CHECK(policy.next_delay(unanswered(Errc::timed_out), 1s, now, 0) == 1'000ms);
    CHECK_FALSE(policy.next_delay(answered(500), 2s, now, 0));
  }

  TEST_CASE("doubles the delay from 0.5 to 8 seconds") {
    RetryPolicy policy{{.retries = 6}};
    for (const auto delay : {500ms, 1'000ms, 2'000ms, 4'000ms, 8'000ms, 8'000ms}) {
      CHECK(policy.next_delay(answered(500), 0ms, now, 0) == delay);
    }
  }

  TEST_CASE("takes up to a quarter off its own delays") {
    CHECK(first_delay(answered(500), 0.5) == 438ms);
    CHECK(first_delay(answered(500), 1) == 375ms);
  }

  TEST_CASE("obeys the server's delay, without jitter") {
    CHECK(first_delay(answered(429, {{"retry-after-ms", "120"}}), 0.9) == 120ms);
    CHECK(first_delay(answered(429, {{"retry-after", "2"}}), 0.9) == 2'000ms);
    CHECK(first_delay(answered(429, {{"retry-after", "60"}})) == 60'000ms);
  }

  TEST_CASE("uses its own delay when the server's is unreadable or over 60 seconds") {
    for (const char* text : {"61", "soon", "-1", "1e99", "nan", "inf", ""}) {
      CAPTURE(text);
      CHECK(first_delay(answered(429, {{"retry-after", text}})) == 500ms);
    }
    CHECK(first_delay(answered(429, {{"retry-after-ms", "60001"}})) == 500ms);
  }

  TEST_CASE("lets x-should-retry overrule the status") {
    CHECK_FALSE(first_delay(answered(500, {{"x-should-retry", "false"}})));
    CHECK(first_delay(answered(400, {{"x-should-retry", "true"}})) == 500ms);
    CHECK(first_delay(answered(500, {{"x-should-retry", "maybe"}})) == 500ms);
  }

  TEST_CASE("does not ask again for a decision that was made") {
    CHECK_FALSE(first_delay(answered(409, {}, "decision_already_made")));
  }
}

TEST_SUITE("retry policy of accept") {
  const RetryLimits accept{.not_found_window = 2'000ms};

  TEST_CASE("repeats a 404 quickly and until two seconds have passed") {
    RetryPolicy policy{accept};
    CHECK(policy.next_delay(answered(404), 0ms, now, 0) == 100ms);
    CHECK(policy.next_delay(answered(404), 100ms, now, 0) == 200ms);
    CHECK(policy.next_delay(answered(404), 300ms, now, 0) == 400ms);
    CHECK(policy.next_delay(answered(404), 700ms, now, 0) == 400ms);
    CHECK(policy.next_delay(answered(404), 1'600ms, now, 0) == 400ms);
    CHECK_FALSE(policy.next_delay(answered(404), 1'601ms, now, 0));
  }

  TEST_CASE("keeps both further attempts for other failures") {
    RetryPolicy policy{accept};
    CHECK(policy.next_delay(answered(404), 0ms, now, 0));
    CHECK(policy.next_delay(answered(500), 100ms, now, 0) == 500ms);
    CHECK(policy.next_delay(answered(500), 600ms, now, 0) == 1'000ms);
    CHECK_FALSE(policy.next_delay(answered(500), 1'600ms, now, 0));
  }

  TEST_CASE("believes a 404 that says not to come again") {
    RetryPolicy policy{accept};
    CHECK_FALSE(policy.next_delay(answered(404, {{"x-should-retry", "false"}}), 0ms, now, 0));
  }
}

TEST_SUITE("requested delay") {
  TEST_CASE("prefers retry-after-ms") {
    CHECK(requested_delay({{"retry-after", "5"}, {"retry-after-ms", "70"}}, now) == 70ms);
    CHECK(requested_delay({{"retry-after", "5"}, {"retry-after-ms", "x"}}, now) == 5'000ms);
  }

  TEST_CASE("may have a fraction") {
    CHECK(requested_delay({{"Retry-After", "1.5"}}, now) == 1'500ms);
  }

  TEST_CASE("may be an HTTP date, and is nothing to wait for when that has passed") {
    const HttpHeaders later{{"retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"}};
    CHECK(requested_delay(later, now) == 30'000ms);
    CHECK(requested_delay(later, now + 31s) == 0ms);
  }

  TEST_CASE("may be a date that no clock reaches, which is then too long to be obeyed") {
    const HttpHeaders never{{"retry-after", "Fri, 31 Dec 9999 23:59:59 GMT"}};
    CHECK(requested_delay(never, now) > std::chrono::hours{24 * 365 * 8'000});
    CHECK(first_delay(answered(429, never)) == 500ms);
  }

  TEST_CASE("is nothing when the date cannot be read") {
    for (const char* text : {"Sun, 06 Nov 1994 08:50:07 CET", "Sun, 31 Feb 1994 08:50:07 GMT",
                             "Sun, 06 ovD 1994 08:50:07 GMT", "Sun, 06 Nov 19x4 08:50:07 GMT",
                             "Sunday, 06-Nov-94 08:50:07 GMT", "Sun, 06 Nov 1994 08:50:-7 GMT"}) {
      CAPTURE(text);
      CHECK_FALSE(requested_delay({{"retry-after", text}}, now));
    }
    CHECK_FALSE(requested_delay({}, now));
  }
}

TEST_SUITE("sideband attach delay") {
  TEST_CASE("doubles from 100 ms to a second while patience lasts") {
    CHECK(attach_delay(1, 404, 0ms, 3s) == 100ms);
    CHECK(attach_delay(2, 404, 100ms, 3s) == 200ms);
    CHECK(attach_delay(4, 503, 700ms, 3s) == 800ms);
    CHECK(attach_delay(5, 429, 1'500ms, 3s) == 1'000ms);
    CHECK(attach_delay(900, 404, 2s, 3s) == 1'000ms);
    CHECK_FALSE(attach_delay(6, 404, 2'500ms, 3s));
  }

  TEST_CASE("is not granted to a refusal that time does not mend, or without an answer") {
    for (const int status : {0, 301, 400, 401, 403}) {
      CHECK_FALSE(attach_delay(1, status, 0ms, 3s));
    }
  }
}
