#include "sim/replay/replay_session.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

/// A question of the controller's, a tool, and its answer; ids as the sim makes them.
constexpr std::string_view tool_call = R"(
{"at_ms":100,"direction":"received","event":{"type":"session.created","session":{"id":"sess_1","expires_at":7,"model":"m"}}}
{"at_ms":150,"direction":"sent","event":{"type":"response.create","response":{"instructions":"Greet.","metadata":{"n":"1"}}}}
{"at_ms":200,"direction":"received","event":{"type":"response.created","event_id":"event_1","response":{"id":"resp_1","metadata":{"n":"1"}}}}
{"at_ms":300,"direction":"received","event":{"type":"output_audio_buffer.started","response_id":"resp_1"}}
{"at_ms":400,"direction":"received","event":{"type":"response.done","response":{"id":"resp_1","metadata":{"n":"1"}}}}
{"at_ms":2000,"direction":"received","event":{"type":"output_audio_buffer.stopped","response_id":"resp_1"}}
{"at_ms":3000,"direction":"received","event":{"type":"input_audio_buffer.speech_started","item_id":"item_1"}}
{"at_ms":4000,"direction":"received","event":{"type":"response.created","response":{"id":"resp_2"}}}
{"at_ms":4010,"direction":"received","event":{"type":"conversation.item.added","item":{"id":"item_2","type":"function_call","call_id":"call_1"}}}
{"at_ms":4020,"direction":"received","event":{"type":"response.done","response":{"id":"resp_2"}}}
{"at_ms":4500,"direction":"sent","event":{"type":"conversation.item.create","event_id":"mine_1","item":{"id":"out_1","type":"function_call_output","call_id":"call_1","output":"Monday"}}}
{"at_ms":4501,"direction":"sent","event":{"type":"response.create"}}
{"at_ms":4510,"direction":"received","event":{"type":"conversation.item.added","previous_item_id":"item_2","item":{"id":"out_1","type":"function_call_output","status":"completed","call_id":"call_1","output":"Monday"}}}
{"at_ms":4530,"direction":"received","event":{"type":"response.created","response":{"id":"resp_3"}}}
{"at_ms":4540,"direction":"received","event":{"type":"conversation.item.added","previous_item_id":"out_1","item":{"id":"item_3","type":"message"}}}
{"at_ms":4700,"direction":"received","event":{"type":"response.done","response":{"id":"resp_3"}}}
{"at_ms":6000,"direction":"received","event":{"type":"input_audio_buffer.speech_started","item_id":"item_4"}}
)";

const std::string greet =
    R"({"type":"response.create","response":{"instructions":"Greet.","metadata":{"n":"1"}}})";
const std::string output =
    R"({"type":"conversation.item.create","event_id":"mine_1","item":{"id":"out_1",
        "type":"function_call_output","call_id":"call_1","output":"Monday"}})";
const std::string go_on = R"({"type":"response.create"})";

/// A replay with a controller of thin air.
class Replay {
 public:
  explicit Replay(std::string_view text = tool_call, std::vector<std::int16_t> sound = {}) {
    auto parsed = parse_fixture(text, "call.jsonl").value();
    for (FixtureStep& step : parsed.steps) {
      if (event_text(step.event, "type") == "output_audio_buffer.started") {
        step.sound = sound;
      }
    }
    fixture_ = std::make_shared<const Fixture>(std::move(parsed));
    session_.emplace(fixture_, Ids{1}, 5'000);
  }

  boost::json::object attach() { return session_->session_created(now_); }
  void client(std::string_view text) {
    session_->on_client_event(text, now_);
    obey();
  }
  void pass(std::chrono::milliseconds time) {
    for (const Time end = now_ + time; now_ < end;) {
      now_ += 10ms;
      session_->on_time(now_);
      obey();
    }
  }
  /// Types of the events since the last call.
  std::vector<std::string> types() {
    std::vector<std::string> types;
    for (; seen_ < events.size(); ++seen_) {
      types.emplace_back(event_text(events[seen_], "type"));
    }
    return types;
  }
  [[nodiscard]] const boost::json::object& last(std::string_view type) const {
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      if (event_text(*event, "type") == type) {
        return *event;
      }
    }
    throw std::runtime_error{"no " + std::string{type}};
  }
  /// Through the greeting and the caller's question, until the tool's output is awaited.
  void until_the_tool() {
    static_cast<void>(attach());
    client(greet);
    pass(5s);
    types();
  }

  std::vector<boost::json::object> events;
  std::vector<TellMark> marks;
  std::size_t samples = 0;
  int cleared = 0;
  bool ended = false;

 private:
  void obey() {
    for (auto& action : session_->take_actions()) {
      if (auto* const sent = std::get_if<SendEvent>(&action)) {
        events.push_back(std::move(sent->event));
      } else if (auto* const mark = std::get_if<TellMark>(&action)) {
        marks.push_back(std::move(*mark));
      } else if (const auto* const play = std::get_if<PlayRecorded>(&action)) {
        samples += play->samples.size();
      } else if (std::holds_alternative<ClearPlayback>(action)) {
        ++cleared;
      } else {
        ended = true;
      }
    }
  }

  std::shared_ptr<const Fixture> fixture_;
  std::optional<ReplaySession> session_;
  Time now_ = Time{} + 1h;
  std::size_t seen_ = 0;
};

using Types = std::vector<std::string>;

TEST_SUITE("Replay of a call") {
  TEST_CASE("time begins when a sideband attaches, and an answer waits for its question") {
    Replay replay;
    replay.pass(10s);
    CHECK(replay.events.empty());
    const auto created = replay.attach();
    CHECK(event_text(created, "session.id") == "sess_1");
    CHECK(*event_at(created, "session.expires_at") == 5'000);
    replay.pass(5s);  // a slow controller
    CHECK(replay.events.empty());
    replay.client(greet);
    CHECK(replay.types().empty());
    replay.pass(40ms);
    CHECK(replay.types().empty());
    replay.pass(10ms);  // 50 ms after the question, as recorded
    CHECK(replay.types() == Types{"response.created"});
    replay.pass(2s);
    CHECK(replay.types() ==
          Types{"output_audio_buffer.started", "response.done", "output_audio_buffer.stopped"});
    CHECK(replay.marks.empty());
  }

  TEST_CASE("the caller's turns come at their times, and the sound with its event") {
    Replay replay{tool_call, std::vector<std::int16_t>(1'600)};
    static_cast<void>(replay.attach());
    replay.client(greet);
    replay.pass(140ms);
    CHECK(replay.samples == 0);
    replay.pass(10ms);
    CHECK(replay.samples == 1'600);
    replay.pass(2'690ms);
    replay.types();
    replay.pass(10ms);  // 1 s after the greeting was heard
    CHECK(replay.types() == Types{"input_audio_buffer.speech_started"});
  }

  TEST_CASE("the whole call is as recorded") {
    Replay replay;
    replay.until_the_tool();
    replay.client(output);
    replay.client(go_on);
    replay.pass(5s);
    CHECK(replay.types() == Types{"conversation.item.added", "response.created",
                                  "conversation.item.added", "response.done",
                                  "input_audio_buffer.speech_started"});
    REQUIRE(replay.marks.size() == 1);
    CHECK(replay.marks[0].name == "replay.ended");
    CHECK(replay.marks[0].detail.at("fixture") == "call");
  }

  TEST_CASE("a controller that is faster than the recorded one gets the same order") {
    Replay replay;
    static_cast<void>(replay.attach());
    replay.client(greet);
    replay.pass(3'860ms);
    replay.types();
    replay.client(output);  // the response that calls the function is not done
    replay.client(go_on);
    replay.pass(5s);
    CHECK(replay.types() == Types{"response.done", "conversation.item.added", "response.created",
                                  "conversation.item.added", "response.done",
                                  "input_audio_buffer.speech_started"});
  }

  TEST_CASE("what the live controller chose is repeated to it") {
    Replay replay;
    static_cast<void>(replay.attach());
    replay.client(R"({"type":"response.create","response":{"instructions":"Greet.",
                      "metadata":{"n":"2"}}})");
    replay.pass(5s);
    CHECK(event_text(replay.last("response.created"), "response.metadata.n").empty());
    CHECK(event_text(replay.events[0], "response.metadata.n") == "2");
    CHECK(event_text(replay.events[2], "response.metadata.n") == "2");
    replay.types();
    replay.client(R"({"type":"conversation.item.create","event_id":"mine_9","item":{"id":"out_9",
        "type":"function_call_output","call_id":"call_1","output":"Tuesday"}})");
    replay.client(go_on);
    replay.pass(100ms);
    REQUIRE(replay.types().size() == 3);
    const auto& added = replay.events[replay.events.size() - 3];
    CHECK(event_text(added, "item.id") == "out_9");
    CHECK(event_text(added, "item.output") == "Tuesday");
    CHECK(event_text(added, "item.status") == "completed");
    CHECK(event_text(added, "previous_item_id") == "item_2");
    CHECK(event_text(replay.events.back(), "previous_item_id") == "out_9");
  }

  TEST_CASE("other words than recorded are told, and answered") {
    Replay replay;
    static_cast<void>(replay.attach());
    replay.client(R"({"type":"response.create","response":{"instructions":"Be rude.",
                      "metadata":{"n":"1"}}})");
    replay.pass(100ms);
    CHECK(replay.types() == Types{"response.created"});
    REQUIRE(replay.marks.size() == 1);
    CHECK(replay.marks[0].name == "replay.departed");
    CHECK(boost::json::serialize(replay.marks[0].detail) ==
          R"({"fixture":"call","line":3,"at":"response.instructions","expected":"\"Greet.\"",)"
          R"("got":"\"Be rude.\""})");
  }

  TEST_CASE("an event that was not recorded is told and refused") {
    Replay replay;
    static_cast<void>(replay.attach());
    replay.client(R"({"type":"session.update","event_id":"mine","session":{}})");
    CHECK(replay.types() == Types{"error"});
    const auto& error = replay.last("error");
    CHECK(event_text(error, "error.code") == "replay_departed");
    CHECK(event_text(error, "error.event_id") == "mine");
    REQUIRE(replay.marks.size() == 1);
    CHECK(event_text(replay.marks[0].detail, "expected").find("response.create") !=
          std::string::npos);
    CHECK(event_text(replay.marks[0].detail, "got").find("session.update") != std::string::npos);
    replay.client("no JSON");
    CHECK(replay.types() == Types{"error"});
    replay.client(greet);
    replay.pass(100ms);
    CHECK(replay.types() == Types{"response.created"});
  }

  TEST_CASE("an event that does not come is left out with all that follows from it") {
    Replay replay;
    static_cast<void>(replay.attach());
    replay.pass(10s);
    CHECK(replay.marks.empty());
    replay.pass(100ms);
    REQUIRE(replay.marks.size() == 1);
    CHECK(replay.marks[0].detail.at("line") == 3);
    CHECK(event_text(replay.marks[0].detail, "got") == "nothing for 10 s");
    replay.pass(5s);
    // Not the greeting; the caller's question came in any case.
    CHECK(replay.types() == Types{"input_audio_buffer.speech_started", "response.created",
                                  "conversation.item.added", "response.done"});
  }

  TEST_CASE("a controller that goes on without is not waited for as long") {
    Replay replay;
    replay.until_the_tool();
    replay.client(go_on);  // without the tool's output
    replay.pass(900ms);
    CHECK(replay.types().empty());
    replay.pass(400ms);
    CHECK(replay.types() == Types{"response.created", "conversation.item.added", "response.done"});
    REQUIRE(replay.marks.size() == 1);
    CHECK(replay.marks[0].detail.at("line") == 12);
  }

  TEST_CASE("the end of a session ends the call, and an interruption ends the sound") {
    Replay replay{R"({"at_ms":1,"direction":"received","event":{"type":"session.created"}}
{"at_ms":9,"direction":"received","event":{"type":"output_audio_buffer.cleared","response_id":"r"}}
{"at_ms":9,"direction":"received","event":{"type":"error","error":{"code":"session_expired"}}})"};
    static_cast<void>(replay.attach());
    replay.pass(20ms);
    CHECK(replay.cleared == 1);
    CHECK(replay.ended);
  }

  TEST_CASE("a controller that departs for ever fills no log") {
    Replay replay;
    static_cast<void>(replay.attach());
    for (int i = 0; i < 500; ++i) {
      replay.client(R"({"type":"session.update"})");
    }
    CHECK(replay.events.size() == 500);
    CHECK(replay.marks.size() == 100);
  }
}

}  // namespace
}  // namespace offhook::sim
