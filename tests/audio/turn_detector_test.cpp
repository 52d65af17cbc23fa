#include "audio/turn_detector.hpp"

#include <vector>

#include <doctest/doctest.h>

using offhook::audio::TurnDetector;
using offhook::audio::TurnDetectorConfig;
using offhook::audio::TurnEvent;
using Kind = offhook::audio::TurnEvent::Kind;

namespace {

struct Stretch {
  int milliseconds;
  float probability;
};

std::vector<TurnEvent> events(TurnDetector& turns, const std::vector<Stretch>& stretches) {
  std::vector<TurnEvent> events;
  for (const Stretch& stretch : stretches) {
    for (int ms = 0; ms < stretch.milliseconds; ms += 20) {
      const TurnEvent event = turns.push(stretch.probability);
      if (event.kind != Kind::none) {
        events.push_back(event);
      }
    }
  }
  return events;
}

std::vector<TurnEvent> events(const std::vector<Stretch>& stretches,
                              TurnDetectorConfig config = {}) {
  TurnDetector turns{config};
  return events(turns, stretches);
}

using Events = std::vector<TurnEvent>;

}  // namespace

TEST_SUITE("turn detector") {
  TEST_CASE("tells the start with 300 ms of prefix and the stop after 500 ms of silence") {
    CHECK(events({{1'000, 0}, {800, 1}, {600, 0}}) ==
          Events{{Kind::started, 700}, {Kind::stopped, 2'300}});
  }

  TEST_CASE("never starts before the sound began") {
    CHECK(events({{100, 0}, {800, 1}}) == Events{{Kind::started, 0}});
  }

  TEST_CASE("follows its settings") {
    const TurnDetectorConfig config{
        .threshold = 0.8F, .prefix_padding_ms = 100, .silence_duration_ms = 200, .start_ms = 40};
    CHECK(events({{1'000, 0}, {400, 0.79F}, {400, 0.8F}, {400, 0}}, config) ==
          Events{{Kind::started, 1'300}, {Kind::stopped, 2'000}});
  }

  TEST_CASE("does not take a click for a turn, nor a pause for its end") {
    CHECK(events({{500, 0}, {40, 1}, {500, 0}}).empty());
    CHECK(events({{500, 0}, {400, 1}, {480, 0}, {400, 1}, {600, 0}}) ==
          Events{{Kind::started, 200}, {Kind::stopped, 2'280}});
  }

  TEST_CASE("stays in the turn while the voice fades") {
    CHECK(events({{200, 1}, {2'000, 0.36F}, {600, 0.34F}}) ==
          Events{{Kind::started, 0}, {Kind::stopped, 2'700}});
  }

  TEST_CASE("finds one turn after another") {
    TurnDetector turns;
    CHECK(events(turns, {{400, 0}, {400, 1}, {600, 0}}).size() == 2);
    CHECK_FALSE(turns.speaking());
    CHECK(events(turns, {{400, 1}}) == Events{{Kind::started, 1'100}});
    CHECK(turns.speaking());
    CHECK(turns.audio_ms() == 1'800);
  }
}
