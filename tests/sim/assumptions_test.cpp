#include "sim/assumptions.hpp"

#include <chrono>
#include <set>
#include <string>

#include <doctest/doctest.h>

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

TEST_SUITE("Assumptions") {
  TEST_CASE("each has a name of its own, and its default can be written as it is shown") {
    std::set<std::string_view> names;
    for (const AssumptionInfo& info : all_assumptions()) {
      CAPTURE(info.name);
      CHECK(names.insert(info.name).second);
      CHECK_FALSE(info.what.empty());
      CHECK_FALSE(info.values.empty());
      Assumptions assumptions;
      const std::string shown = value_of(assumptions, info.name);
      CHECK_FALSE(shown.empty());
      CHECK(assume(assumptions, std::string{info.name} + "=" + shown));
      CHECK(value_of(assumptions, info.name) == shown);
    }
  }

  TEST_CASE("values are read, and shown in the largest unit that fits") {
    struct Case {
      const char* text;
      const char* shown;
    };
    for (const Case& one : {Case{"ringing=after-accept", "after-accept"},
                            Case{"ringing=at-once", "at-once"},
                            Case{"unknown-project=403", "403"},
                            Case{"no-webhook=wait", "wait"},
                            Case{"no-webhook=403", "403"},
                            Case{"no-codec=606", "606"},
                            Case{"codecs=PCMA,opus", "PCMA,opus"},
                            Case{"deadline-status=504", "504"},
                            Case{"webhook-timeout=1500ms", "1500ms"},
                            Case{"webhook-timeout=120s", "2m"},
                            Case{"webhook-retries=none", "none"},
                            Case{"webhook-retries=500ms,1h", "500ms,1h"},
                            Case{"double-decision=400", "400"},
                            Case{"unknown-call=400", "400"},
                            Case{"bad-accept=fail-later", "fail-later"},
                            Case{"vad-in-accept=take", "take"},
                            Case{"early-sideband=403", "403"},
                            Case{"several-sidebands=newest", "newest"},
                            Case{"socket-end=close-frame", "close-frame"},
                            Case{"session-lifetime=90s", "90s"},
                            Case{"rate-limits=never", "never"},
                            Case{"silence-duration=500ms", "500ms"},
                            Case{"reinvite=refuse", "refuse"},
                            Case{"session-timers=ignore", "ignore"},
                            Case{"options=ignore", "ignore"},
                            Case{"rtp-silence=30s", "30s"}}) {
      CAPTURE(one.text);
      const std::string text = one.text;
      const std::string name = text.substr(0, text.find('='));
      Assumptions assumptions;
      CHECK(value_of(assumptions, name) != one.shown);
      REQUIRE(assume(assumptions, text));
      CHECK(value_of(assumptions, name) == one.shown);
    }
  }

  TEST_CASE("what cannot be is refused by saying what can, and changes nothing") {
    for (const std::string text : {"",
                                   "=",
                                   "ringing",
                                   "ringing=",
                                   "ringing=often",
                                   "unknown-project=399",
                                   "unknown-project=700",
                                   "unknown-project=404x",
                                   "no-webhook=never",
                                   "codecs=",
                                   "codecs=opus,opus",
                                   "codecs=G729",
                                   "webhook-timeout=0s",
                                   "webhook-timeout=5",
                                   "webhook-timeout=5 s",
                                   "webhook-timeout=73h",
                                   "webhook-timeout=9999999999999s",
                                   "webhook-retries=",
                                   "webhook-retries=1s,",
                                   "webhook-retries=1s,,1s",
                                   "double-decision=600",
                                   "session-lifetime=500ms",
                                   "rtp-silence=10ms",
                                   "silence=1s"}) {
      CAPTURE(text);
      Assumptions assumptions;
      const auto refused = assume(assumptions, text);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::invalid_argument);
      for (const AssumptionInfo& info : all_assumptions()) {
        CHECK(value_of(assumptions, info.name) == value_of(Assumptions{}, info.name));
      }
    }
    Assumptions assumptions;
    CHECK(assume(assumptions, "no-codec=7").error().detail ==
          "no-codec=7: no-codec must be 400 to 699");
    CHECK(assume(assumptions, "nonsense=7").error().detail.find("--assumptions") !=
          std::string::npos);
  }
}

}  // namespace
}  // namespace offhook::sim
