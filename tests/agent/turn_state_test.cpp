#include "agent/turn_state.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using offhook::agent::TurnState;

namespace {

void feed(TurnState& turns, const char* type, TurnState::Clock::time_point now = {}) {
  turns.on_event(
      offhook::openai::parse_realtime_event(R"({"type":")" + std::string{type} + "\"}").value(),
      now);
}

}  // namespace

TEST_SUITE("TurnState") {
  TEST_CASE("is idle only when nobody speaks, generates or plays") {
    TurnState turns;
    CHECK(turns.idle());
    feed(turns, "response.created");
    CHECK_FALSE(turns.idle());
    feed(turns, "output_audio_buffer.started");
    feed(turns, "response.done");
    CHECK_FALSE(turns.idle());  // generated, but still playing
    feed(turns, "output_audio_buffer.stopped");
    CHECK(turns.idle());
    feed(turns, "input_audio_buffer.speech_started");
    CHECK_FALSE(turns.idle());
    feed(turns, "input_audio_buffer.speech_stopped");
    CHECK(turns.idle());
  }

  TEST_CASE("calls the greeting over when it was played or cut short, not when it was generated") {
    TurnState turns;
    feed(turns, "response.created");
    feed(turns, "response.done");
    CHECK_FALSE(turns.greeting_over());
    feed(turns, "output_audio_buffer.cleared");
    CHECK(turns.greeting_over());
  }

  TEST_CASE("calls a greeting that failed over, because nothing of it will be played") {
    TurnState turns;
    turns.on_event(offhook::openai::parse_realtime_event(
                       R"({"type":"response.done","response":{"status":"failed"}})")
                       .value(),
                   {});
    CHECK(turns.greeting_over());
  }

  TEST_CASE("is idle after a gap, and remembers that there was one") {
    TurnState turns;
    feed(turns, "response.created");
    feed(turns, "output_audio_buffer.started");
    turns.on_gap();
    CHECK(turns.idle());
    CHECK(turns.had_gap());
    CHECK_FALSE(turns.greeting_over());
  }

  TEST_CASE("remembers the last activity and ignores events that are none") {
    TurnState turns;
    const TurnState::Clock::time_point start{1s};
    feed(turns, "response.created", start);
    feed(turns, "rate_limits.updated", start + 5s);
    CHECK(turns.last_activity() == start);
  }
}
