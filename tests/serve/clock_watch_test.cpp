#include "serve/clock_watch.hpp"

#include <doctest/doctest.h>

using namespace offhook::serve;
using namespace std::chrono_literals;

namespace {

constexpr ClockWatch::Time now{1h};
constexpr std::chrono::nanoseconds right{1'700'000'000s};

}  // namespace

TEST_SUITE("clock watch") {
  TEST_CASE("a step is told once, and drift is none") {
    ClockWatch clock{right};
    CHECK_FALSE(clock.look(right + 1'900ms));
    CHECK(clock.look(right + 1h) == 3'598s);
    CHECK_FALSE(clock.look(right + 1h));
    CHECK(clock.look(right) == -3'600s);
    CHECK(clock.total() == -2s);
  }

  TEST_CASE("a set clock is believed until a genuine webhook does not fit it") {
    ClockWatch clock{right};
    clock.look(right + 48h);
    CHECK(clock.doubt(now).empty());
    clock.on_webhook(false, now);
    CHECK(clock.doubt(now).find("172800 s") != std::string::npos);
  }

  TEST_CASE("a webhook that fits, or another step, clears the doubt") {
    ClockWatch clock{right};
    clock.look(right + 48h);
    clock.on_webhook(false, now);
    SUBCASE("a webhook") {
      clock.on_webhook(true, now);
      clock.on_webhook(false, now);  // from now on it is the sender who is wrong
    }
    SUBCASE("another step") { clock.look(right); }
    CHECK(clock.doubt(now + 1min).empty());
  }

  TEST_CASE("the doubt is forgotten when no more webhooks speak for it") {
    ClockWatch clock{right};
    clock.look(right + 48h);
    clock.on_webhook(false, now);
    CHECK_FALSE(clock.doubt(now + 5min).empty());
    CHECK(clock.doubt(now + 5min + 1s).empty());
  }

  TEST_CASE("old webhooks say nothing about a clock that nobody has set") {
    ClockWatch clock{right};
    clock.on_webhook(false, now);
    CHECK(clock.doubt(now).empty());
  }
}
