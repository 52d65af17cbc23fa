#include "agent/admission.hpp"

#include <doctest/doctest.h>

#include "agent/prices.hpp"

using namespace offhook::agent;
using namespace std::chrono_literals;

TEST_SUITE("admission") {
  TEST_CASE("without limits every call is taken as it is") {
    CallLimits call;
    call.seconds = 60s;
    const Admission admission =
        admit({}, call, {.concurrent_calls = 1000, .day = {1'000'000, 1'000'000, 1'000'000}});
    CHECK(admission.admitted);
    CHECK(admission.limits.seconds == 60s);
    CHECK(admission.limits.tokens == 0);
  }

  TEST_CASE("each limit refuses the first call beyond it, and names itself") {
    const AdmissionLimits limits{.concurrent_calls = 10,
                                 .concurrent_calls_of_caller = 2,
                                 .caller_day = {3, 100, 1000},
                                 .day = {30, 1000, 10'000},
                                 .reject_code = 480};
    const auto reason = [&](const AdmissionState& state) {
      const Admission admission = admit(limits, {}, state);
      CHECK(admission.reject_code == (admission.admitted ? 0 : 480));
      return admission.reason;
    };
    CHECK(reason({9, 1, {2, 99, 999}, {29, 999, 9999}}).empty());
    CHECK(reason({.concurrent_calls = 10}) == "limit reached: 10 calls at the same time");
    CHECK(reason({.concurrent_calls_of_caller = 2}) ==
          "limit reached: 2 calls of one caller at the same time");
    CHECK(reason({.caller_day = {.calls = 3}}) ==
          "limit reached: 3 calls of one caller in 24 hours");
    CHECK(reason({.caller_day = {.seconds = 100}}) ==
          "limit reached: 100 s of one caller in 24 hours");
    CHECK(reason({.caller_day = {.tokens = 1001}}) ==
          "limit reached: 1000 tokens of one caller in 24 hours");
    CHECK(reason({.day = {.calls = 30}}) == "limit reached: 30 calls of all callers in 24 hours");
    CHECK(reason({.day = {.seconds = 2000}}) == "limit reached: 1000 s of all callers in 24 hours");
    CHECK(reason({.day = {.tokens = 10'000}}) ==
          "limit reached: 10000 tokens of all callers in 24 hours");
  }

  TEST_CASE("a call gets no more than the tightest quota has left") {
    const AdmissionLimits limits{.caller_day = {0, 100, 0}, .day = {0, 1000, 50}};
    CallLimits call;
    call.seconds = 60s;
    const auto granted = [&](const AdmissionState& state) { return admit(limits, call, state); };
    CHECK(granted({}).limits.seconds == 60s);
    CHECK(granted({.caller_day = {.seconds = 70}}).limits.seconds == 30s);
    CHECK(granted({.caller_day = {.seconds = 70}, .day = {.seconds = 980}}).limits.seconds == 20s);
    CHECK(granted({.day = {.tokens = 49}}).limits.tokens == 1);
    CHECK(granted({}).limits.goodbye == call.goodbye);
  }

  TEST_CASE("a call that goes on is never left without a limit, however much is used up") {
    const AdmissionLimits limits{.day = {0, 100, 100}};
    const CallLimits left = narrow(limits, {}, {.day = {.seconds = 500, .tokens = 100}});
    CHECK(left.seconds == 1s);
    CHECK(left.tokens == 1);
    CHECK(narrow({}, {}, {.day = {.seconds = 500, .tokens = 100}}).tokens == 0);
  }

  TEST_CASE("running calls use up seconds and tokens, not calls") {
    const AdmissionLimits limits{.caller_day = {1, 100, 0}, .day = {1, 0, 50}};
    CHECK(used_up(limits, {.caller_day = {1, 99, 999}, .day = {1, 999, 49}}).empty());
    CHECK(used_up(limits, {.caller_day = {.seconds = 100}}) ==
          "limit reached: 100 s of one caller in 24 hours");
    CHECK(used_up(limits, {.day = {.tokens = 50}}) ==
          "limit reached: 50 tokens of all callers in 24 hours");
  }
}

TEST_SUITE("prices") {
  TEST_CASE("cached tokens are taken off text and audio in proportion") {
    const Price price{.input_text = 4,
                      .input_audio = 32,
                      .cached_input = 0.4,
                      .output_text = 16,
                      .output_audio = 64,
                      .minute = 0.05};
    Usage usage;
    CHECK(estimate_cost(price, usage) == 0);
    usage.input_text_tokens = 1'000'000;
    usage.input_audio_tokens = 1'000'000;
    CHECK(estimate_cost(price, usage) == doctest::Approx(36));
    usage.cached_tokens = 1'000'000;
    CHECK(estimate_cost(price, usage) == doctest::Approx(2 + 16 + 0.4));
    usage.output_text_tokens = 500'000;
    usage.output_audio_tokens = 500'000;
    CHECK(estimate_cost(price, usage) == doctest::Approx(18.4 + 8 + 32));
    usage = {};
    usage.live_seconds = 90;
    CHECK(estimate_cost(price, usage) == doctest::Approx(0.075));
  }
}
