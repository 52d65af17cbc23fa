#include "base/timeline.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using offhook::Mark;
using offhook::Timeline;

TEST_SUITE("Timeline") {
  TEST_CASE("shows every mark to every reader, in order, in ms since it began") {
    const auto began = Timeline::Clock::now();
    Timeline timeline{began};
    std::string first;
    std::string second;
    const auto one =
        timeline.subscribe([&](const Mark& mark) { first += offhook::to_jsonl(mark) + "\n"; });
    auto two = timeline.subscribe([&](const Mark& mark) { second += mark.name + " "; });
    timeline.mark("sip", "invite.sent", {{"call_id", "x"}}, began + 1'500us);
    timeline.mark("sip", "answered", {}, began + 2s);
    CHECK(first ==
          "{\"at_ms\":1.5,\"source\":\"sip\",\"name\":\"invite.sent\",\"call_id\":\"x\"}\n"
          "{\"at_ms\":2000,\"source\":\"sip\",\"name\":\"answered\"}\n");
    CHECK(second == "invite.sent answered ");
    two = {};
    timeline.mark("sip", "bye.sent");
    CHECK(second == "invite.sent answered ");
    CHECK(first.ends_with("\"bye.sent\"}\n"));
  }
}
