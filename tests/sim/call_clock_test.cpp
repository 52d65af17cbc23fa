#include "sim/call_clock.hpp"

#include <set>
#include <string>

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "session_probe.hpp"
#include "sim/ids.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

TEST_SUITE("Times of a call") {
  TEST_CASE("are the truth without a seed") {
    CallClock clock;
    CHECK(clock.begin_turn(1'234) == 1'234);
    CHECK(clock.end_turn(2'345) == 2'345);
    CHECK(clock.now_ms(77) == 77);
    CHECK(clock.unix_seconds() > 1'700'000'000);
  }

  TEST_CASE("follow from the seed and from what happens, not from when") {
    CallClock one{7};
    CallClock same{7};
    CallClock other{8};
    CHECK(one.unix_seconds() == same.unix_seconds());
    CHECK(one.unix_seconds() >= CallClock::epoch);
    const int start = one.begin_turn(10);
    CHECK(start == same.begin_turn(99'999));
    const int end = one.end_turn(20);
    CHECK(end == same.end_turn(0));
    CHECK(end > start);
    one.advance(5'000);
    CHECK(one.now_ms(0) == same.now_ms(0) + 5'000);
    CHECK(other.unix_seconds() != same.unix_seconds());
  }

  TEST_CASE("no two calls, and nothing else of a sim, have one sequence") {
    Ids sim{7};
    std::set<std::string> seen;
    for (int branch = 0; branch < 8; ++branch) {
      Ids part = sim.for_call();
      CHECK(seen.insert(part.call()).second);
      for (int call = 0; call < 20; ++call) {
        Ids leg = part.for_call();
        CHECK(seen.insert(leg.call()).second);
        CHECK(seen.insert(leg.for_call().call()).second);
      }
      CHECK(seen.insert(part.for_call("alice", 1).call()).second);
      CHECK(seen.insert(part.for_call("alice", 2).call()).second);
      CHECK(seen.insert(part.for_call("bob", 1).call()).second);
    }
    CHECK(Ids{7}.for_call("alice", 1).call() == Ids{7}.for_call("alice", 1).call());
    CHECK(Ids{0}.for_call("alice", 1).call() != Ids{0}.for_call("alice", 1).call());
  }

  TEST_CASE("made up, they make a session tell the same whenever things happen") {
    const auto run = [](std::uint32_t seed, std::chrono::milliseconds pace, int shift_ms) {
      SessionProbe probe{R"({"type":"realtime"})", Persona{{"One two three four."}},
                         std::make_shared<CallClock>(seed)};
      probe.client(R"({"type":"response.create"})");
      probe.pass(pace);
      probe.played(20);
      probe.pass(pace);
      probe.played(600 + shift_ms);
      probe.start_turn(2'000 + shift_ms);
      probe.pass(pace);
      probe.stop_turn(3'000 + shift_ms);
      probe.pass(pace);
      std::string all;
      for (const auto& event : probe.events) {
        all += boost::json::serialize(event) + '\n';
      }
      return all;
    };
    const std::string first = run(7, 100ms, 0);
    CHECK(first.find("conversation.item.truncated") != std::string::npos);
    CHECK(first == run(7, 300ms, 140));
    CHECK(first != run(8, 100ms, 0));
  }

  TEST_CASE("made up, what follows from hearing a response begin comes at once") {
    SessionProbe probe{R"({"type":"realtime"})", Persona{{"One two three four."}},
                       std::make_shared<CallClock>(7)};
    probe.client(
        R"({"type":"response.create","response":{"instructions":"Say \"One two three four.\""}})");
    probe.pass(200ms);
    CHECK(probe.count("response.output_audio_transcript.delta") == 1);
    probe.played(20);
    probe.pass(20ms);
    CHECK(probe.count("response.output_audio_transcript.delta") == 4);
    CHECK(probe.count("response.done") == 1);
  }
}

}  // namespace
}  // namespace offhook::sim
