#include "agent/dialogue/response_queue.hpp"

#include <string>

#include <doctest/doctest.h>

#include "base/json.hpp"

using namespace std::chrono_literals;
using offhook::agent::ResponseQueue;
using offhook::agent::ResponseWish;
using Kind = ResponseWish::Kind;

namespace {

/// A queue on an attached sideband, and a clock that stands still unless it is moved.
struct Fixture {
  Fixture() { queue.on_attached(now); }

  void feed(const std::string& event) {
    queue.on_event(offhook::openai::parse_realtime_event(event).value(), now);
  }
  void created(const std::string& id, const std::string& metadata = "null") {
    feed(R"({"type":"response.created","response":{"id":")" + id + R"(","conversation_id":"c",)" +
         R"("metadata":)" + metadata + "}}");
  }
  void done(const std::string& id, const std::string& status = "completed") {
    feed(R"({"type":"response.done","response":{"id":")" + id + R"(","status":")" + status +
         R"(","output":[{"type":"message"}]}})");
  }
  void sound(const std::string& what, const std::string& id) {
    feed(R"({"type":"output_audio_buffer.)" + what + R"(","response_id":")" + id + "\"}");
  }
  void busy(const std::string& event_id) {
    feed(R"({"type":"error","error":{"code":"conversation_already_has_active_response",)"
         R"("event_id":")" +
         event_id + "\"}}");
  }
  /// Number of response.create that the queue wants sent.
  std::size_t sent() {
    std::size_t count = 0;
    for (const std::string& event : queue.take_events()) {
      count += event.find("response.create") != std::string::npos ? 1U : 0U;
    }
    return count;
  }
  void say(Kind kind, const char* words = "Say hello.") { queue.want({kind, words, "tag"}, now); }

  ResponseQueue queue;
  ResponseQueue::Time now{1h};
};

constexpr const char* ours1 = R"({"offhook":"r1"})";

}  // namespace

TEST_SUITE("ResponseQueue") {
  TEST_CASE("sends one response at a time and the next after response.done") {
    Fixture f;
    f.say(Kind::words);
    f.say(Kind::words);
    CHECK(f.sent() == 1);
    f.created("a", ours1);
    CHECK(f.sent() == 0);
    f.done("a");
    CHECK(f.sent() == 1);
  }

  TEST_CASE("several wishes to go on are one response") {
    Fixture f;
    f.created("vad");
    f.say(Kind::plain, "");
    f.say(Kind::plain, "");
    f.done("vad");
    CHECK(f.sent() == 1);
    f.created("b", ours1);
    f.done("b");
    CHECK(f.sent() == 0);
  }

  TEST_CASE("retries after response.done when turn detection was faster") {
    Fixture f;
    f.say(Kind::words);
    CHECK(f.sent() == 1);
    f.created("vad");
    f.busy("offhook_r1");
    CHECK(f.sent() == 0);
    f.done("vad");
    CHECK(f.sent() == 1);
  }

  TEST_CASE("a refusal because of a response that it never saw is retried after a while") {
    Fixture f;
    f.say(Kind::words);
    CHECK(f.sent() == 1);
    f.busy("offhook_r1");
    CHECK(f.sent() == 0);
    REQUIRE(f.queue.deadline());
    f.now = *f.queue.deadline();
    f.queue.on_time(f.now);
    CHECK(f.sent() == 1);
  }

  TEST_CASE("an out-of-band response is in nobody's way") {
    Fixture f;
    f.feed(R"({"type":"response.created","response":{"id":"x","conversation_id":null}})");
    f.say(Kind::words);
    CHECK(f.sent() == 1);
  }

  TEST_CASE("waits for a caller who speaks, and for the response to it") {
    Fixture f;
    f.feed(R"({"type":"input_audio_buffer.speech_started"})");
    f.say(Kind::plain, "");
    CHECK(f.sent() == 0);
    f.feed(R"({"type":"input_audio_buffer.speech_stopped"})");
    CHECK(f.sent() == 0);
    f.created("vad");
    f.done("vad");
    CHECK(f.sent() == 1);
  }

  TEST_CASE("hangs up when the farewell was played, not when it was generated") {
    Fixture f;
    f.say(Kind::farewell);
    f.created("a", ours1);
    f.sound("started", "a");
    f.done("a");
    CHECK_FALSE(f.queue.take_hang_up());
    f.sound("stopped", "a");
    CHECK(f.queue.take_hang_up() == "tag");
    CHECK_FALSE(f.queue.take_hang_up());
  }

  TEST_CASE("a farewell that is cut short ends the call in either order of cleared and done") {
    for (const bool cleared_first : {true, false}) {
      CAPTURE(cleared_first);
      Fixture f;
      f.say(Kind::farewell);
      f.created("a", ours1);
      f.sound("started", "a");
      if (cleared_first) {
        f.sound("cleared", "a");
        CHECK_FALSE(f.queue.take_hang_up());
        f.done("a", "cancelled");
      } else {
        f.done("a", "cancelled");
        CHECK_FALSE(f.queue.take_hang_up());
        f.sound("cleared", "a");
      }
      CHECK(f.queue.take_hang_up());
    }
  }

  TEST_CASE("a farewell waits for what is played before it") {
    Fixture f;
    f.created("before");
    f.sound("started", "before");
    f.done("before");
    f.say(Kind::farewell);
    f.created("a", ours1);
    f.done("a");
    f.now += 4s;
    f.sound("stopped", "before");
    CHECK_FALSE(f.queue.take_hang_up());
    f.sound("started", "a");
    f.now += 4s;
    f.queue.on_time(f.now);
    CHECK_FALSE(f.queue.take_hang_up());
    f.sound("stopped", "a");
    CHECK(f.queue.take_hang_up());
  }

  TEST_CASE("a farewell without sound, or refused for good, does not keep the call up") {
    SUBCASE("no sound comes") {
      Fixture f;
      f.say(Kind::farewell);
      f.created("a", ours1);
      f.done("a");
      REQUIRE(f.queue.deadline());
      f.now = *f.queue.deadline();
      f.queue.on_time(f.now);
      CHECK(f.queue.take_hang_up());
    }
    SUBCASE("refused") {
      Fixture f;
      f.say(Kind::farewell);
      f.feed(R"({"type":"error","error":{"code":"server_error","event_id":"offhook_r1"}})");
      CHECK(f.queue.take_hang_up());
    }
  }

  TEST_CASE("the model's own farewell is waited for") {
    Fixture f;
    f.created("a");
    f.sound("started", "a");
    f.done("a");
    f.queue.hang_up_after("a", "the model hung up", f.now);
    CHECK_FALSE(f.queue.take_hang_up());
    f.sound("stopped", "a");
    CHECK(f.queue.take_hang_up() == "the model hung up");
  }

  TEST_CASE("nothing follows a farewell, and it goes before everything that waits") {
    Fixture f;
    f.created("vad");
    f.say(Kind::words);
    f.say(Kind::farewell);
    f.say(Kind::words);
    f.done("vad");
    CHECK(f.sent() == 1);
    f.created("a", ours1);
    f.done("a");
    CHECK(f.sent() == 0);
  }

  TEST_CASE("making way interrupts what is generated and played") {
    Fixture f;
    f.created("vad");
    f.sound("started", "vad");
    f.say(Kind::farewell);
    f.queue.make_way(f.now);
    const auto events = f.queue.take_events();
    REQUIRE(events.size() == 2);
    CHECK(events[0].find("response.cancel") != std::string::npos);
    CHECK(events[1].find("output_audio_buffer.clear") != std::string::npos);
    f.sound("cleared", "vad");
    f.done("vad", "cancelled");
    CHECK(f.sent() == 1);
  }

  TEST_CASE("a filler that is not needed any more is not said") {
    Fixture f;
    f.created("vad");
    f.say(Kind::filler);
    f.queue.withdraw("tag");
    f.done("vad");
    CHECK(f.sent() == 0);
  }

  TEST_CASE("sends nothing while the sideband is away, and what was in doubt again after it") {
    Fixture f;
    f.say(Kind::words);
    CHECK(f.sent() == 1);
    f.queue.on_detached(f.now);
    f.say(Kind::plain, "");
    CHECK(f.sent() == 0);
    f.queue.on_attached(f.now);
    CHECK(f.sent() == 0);
    f.queue.on_repaired(false, f.now);
    CHECK(f.sent() == 1);
    f.created("a", R"({"offhook":"r2"})");
    f.done("a");
    CHECK(f.sent() == 1);
  }

  TEST_CASE("a goodbye that was begun in a gap is not said twice, and ends the call once heard") {
    Fixture f;
    f.say(Kind::farewell);
    CHECK(f.sent() == 1);
    f.queue.on_detached(f.now);
    f.queue.on_attached(f.now);
    CHECK(f.sent() == 0);
    SUBCASE("the model said nothing") {
      f.queue.on_repaired(false, f.now);
      CHECK(f.sent() == 1);
      CHECK_FALSE(f.queue.take_hang_up());
      return;
    }
    f.queue.on_repaired(true, f.now);
    CHECK(f.sent() == 0);
    CHECK_FALSE(f.queue.take_hang_up());
    SUBCASE("its end is heard") { f.sound("stopped", "a"); }
    SUBCASE("it was written in the gap, and is heard after it") {
      f.sound("started", "a");
      CHECK_FALSE(f.queue.take_hang_up());
      f.sound("stopped", "a");
    }
    SUBCASE("it is written and heard after the gap") {
      f.done("a");
      f.sound("started", "a");
      CHECK_FALSE(f.queue.take_hang_up());
      f.sound("stopped", "a");
    }
    SUBCASE("all of it was in the gap, or in the next") {
      f.queue.on_detached(f.now);
      REQUIRE(f.queue.deadline());
      f.now = *f.queue.deadline();
      f.queue.on_time(f.now);
    }
    CHECK(f.queue.take_hang_up() == "tag");
    CHECK(f.sent() == 0);
  }

  TEST_CASE(
      "a farewell that was heard after a gap ends the call, though its response.done is lost") {
    for (const char* end : {"stopped", "cleared"}) {
      CAPTURE(end);
      Fixture f;
      f.say(Kind::farewell);
      f.created("a", ours1);
      f.queue.on_detached(f.now);
      f.queue.on_attached(f.now);
      f.sound("started", "a");
      CHECK_FALSE(f.queue.take_hang_up());
      f.sound(end, "a");
      CHECK(f.queue.take_hang_up() == "tag");
    }
  }

  TEST_CASE("one gap after the other does not put off the end of a farewell") {
    Fixture f;
    f.say(Kind::farewell);
    f.created("a", ours1);
    f.sound("started", "a");
    f.done("a");
    f.queue.on_detached(f.now);
    REQUIRE(f.queue.deadline());
    const auto end = *f.queue.deadline();
    while (f.now + 3s < end) {  // each comes before the farewell is given up
      f.now += 3s;
      f.queue.on_attached(f.now);
      f.queue.on_detached(f.now);
      CHECK(f.queue.deadline() == end);
    }
    f.now = end;
    f.queue.on_time(f.now);
    CHECK(f.queue.take_hang_up() == "tag");
  }

  TEST_CASE("asks to go on once more after a gap only if the model has not begun anything in it") {
    for (const bool went_on : {false, true}) {
      CAPTURE(went_on);
      Fixture f;
      f.say(Kind::plain, "");
      CHECK(f.sent() == 1);
      f.queue.on_detached(f.now);
      f.queue.on_attached(f.now);
      CHECK(f.sent() == 0);
      f.queue.on_repaired(went_on, f.now);
      CHECK(f.sent() == (went_on ? 0 : 1));
      f.queue.on_repaired(false, f.now);
      CHECK(f.sent() == 0);
    }
  }

  TEST_CASE(
      "a wish to go on that may be lost is covered by the next, or sent again after a while") {
    Fixture f;
    f.say(Kind::plain, "");
    CHECK(f.sent() == 1);
    f.queue.on_detached(f.now);
    f.queue.on_attached(f.now);
    SUBCASE("covered") {
      f.say(Kind::plain, "");
      CHECK(f.sent() == 1);
      f.queue.on_repaired(false, f.now);
    }
    SUBCASE("nobody tells what the model did") {
      REQUIRE(f.queue.deadline());
      f.now = *f.queue.deadline();
      f.queue.on_time(f.now);
      CHECK(f.sent() == 1);
    }
    f.created("a");
    f.done("a");
    CHECK(f.sent() == 0);
  }

  TEST_CASE("odd events do not disturb it") {
    Fixture f;
    for (const char* odd :
         {R"({"type":"response.created"})", R"({"type":"response.done"})",
          R"({"type":"response.done","response":3})", R"({"type":"error"})",
          R"({"type":"error","error":{"code":7,"event_id":{}}})",
          R"({"type":"output_audio_buffer.stopped"})", R"({"type":"output_audio_buffer.new"})"}) {
      f.feed(odd);
    }
    f.say(Kind::words);
    CHECK(f.sent() == 1);
  }
}
