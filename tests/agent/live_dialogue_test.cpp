#include "agent/dialogue/live_dialogue.hpp"

#include <string>
#include <variant>
#include <vector>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "agent/tools/built_in.hpp"
#include "base/json.hpp"

namespace {

using namespace std::chrono_literals;
using namespace offhook;
using namespace offhook::agent;

AgentProfile concierge() {
  AgentProfile agent;
  agent.api = Api::live;
  agent.tools.push_back(undeclared_built_in("send_digits").value());
  return agent;
}

/// A dialogue at work, and the time.
struct LiveTalk {
  explicit LiveTalk(AgentProfile agent, Usage used = {}) : profile{std::move(agent)} {
    DialogueOptions options;
    options.call_id = "live_1";
    options.used = used;
    dialogue = make_live_dialogue(profile, std::move(options));
    dialogue->begin(now, false);
  }
  void receive(const std::string& text) {
    dialogue->on_event(openai::parse_sideband_event(text).value(), now);
  }
  /// An event of the Responses model.
  void of_responses(const std::string& event) {
    receive(R"({"type":"response.event","delegation_id":"d1","event":)" + event + "}");
  }
  /// The keys that were pressed from now on until there is nothing more to do in `time`.
  std::string keys(std::chrono::milliseconds time) {
    std::string pressed = take_keys();
    const auto until = now.now + time;
    for (auto next = dialogue->deadline(); next && *next <= until; next = dialogue->deadline()) {
      now.now = *next;
      dialogue->on_time(now);
      pressed += take_keys();
    }
    return pressed;
  }
  std::string take_keys() {
    std::string pressed;
    for (const Effect& effect : dialogue->take_effects()) {
      const auto* const event = std::get_if<SendEvent>(&effect);
      if (event == nullptr) {
        continue;
      }
      const auto body = boost::json::parse(event->text);
      if (json_string(body, "type") == "transport.dtmf.send") {
        pressed += json_string(body, "event");
        last_key_of += event->last_key_of;
      }
    }
    return pressed;
  }
  template <class Kind>
  std::vector<Kind> take() {
    std::vector<Kind> found;
    for (Effect& effect : dialogue->take_effects()) {
      if (auto* const wanted = std::get_if<Kind>(&effect)) {
        found.push_back(std::move(*wanted));
      }
    }
    return found;
  }

  AgentProfile profile;
  Moment now{std::chrono::steady_clock::time_point{1h}, 0};
  std::string last_key_of;
  std::unique_ptr<Dialogue> dialogue;
};

constexpr const char* press_42 =
    R"({"type":"response.output_item.done","item":{"type":"function_call","call_id":"c1",)"
    R"("name":"send_digits","arguments":"{\"digits\":\"42#\"}"}})";

}  // namespace

TEST_SUITE("LiveDialogue") {
  TEST_CASE("keys that the model presses are a tool, and none is pressed before it is begun") {
    LiveTalk talk{concierge()};
    talk.of_responses(press_42);
    talk.of_responses(R"({"type":"response.completed","response":{"id":"r1"}})");
    const auto started = talk.take<StartTool>();
    REQUIRE(started.size() == 1);
    CHECK(started[0].call.function_call_id == "c1");
    CHECK(started[0].call.idempotency_key == "live_1:c1");
    CHECK(talk.keys(1h).empty());
    REQUIRE(talk.dialogue->press("c1", "4,2#", talk.now));
    CHECK(talk.keys(0ms) == "4");
    CHECK(talk.last_key_of.empty());
    CHECK(talk.keys(1h) == "2#");
    CHECK(talk.last_key_of == "c1");
    talk.dialogue->tool_finished("c1", R"({"status":"sent"})", talk.now);
    const auto sent = talk.take<SendEvent>();
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].output_of == "c1");
  }

  TEST_CASE("keys are pressed all or not at all") {
    LiveTalk talk{concierge()};
    CHECK_FALSE(talk.dialogue->press("c1", ",,", talk.now));
    CHECK(talk.dialogue->press("c2", std::string(40, '1'), talk.now));
    CHECK_FALSE(talk.dialogue->press("c3", std::string(40, '2'), talk.now));
    CHECK(talk.keys(1h) == std::string(40, '1'));
    CHECK(talk.last_key_of == "c2");
  }

  TEST_CASE("an earlier process's keys are in doubt: they are a tool to be claimed again") {
    LiveTalk talk{concierge()};
    ToolCall left;
    left.call_id = "live_1";
    left.function_call_id = "c1";
    left.name = "send_digits";
    left.arguments = {{"digits", "42"}};
    talk.dialogue->adopt(std::move(left), talk.now);
    CHECK(talk.take<StartTool>().size() == 1);
    CHECK(talk.keys(1h).empty());
  }

  TEST_CASE("tokens of the Responses model are counted, and end the call at its limit") {
    AgentProfile agent = concierge();
    agent.limits.tokens = 100;
    LiveTalk talk{std::move(agent)};
    const std::string done =
        R"({"type":"response.completed","response":{"id":"r1","usage":{"input_tokens":40,)"
        R"("input_tokens_details":{"cached_tokens":30},"output_tokens":10}}})";
    talk.of_responses(done);
    CHECK(talk.dialogue->usage().input_text_tokens == 40);
    CHECK(talk.dialogue->usage().cached_tokens == 30);
    CHECK(talk.dialogue->usage().output_text_tokens == 10);
    CHECK(talk.take<Note>().empty());
    talk.of_responses(done);
    const auto notes = talk.take<Note>();
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].name == "limit");
    talk.now.now += talk.profile.limits.goodbye_time;
    talk.dialogue->on_time(talk.now);
    CHECK(talk.take<HangUp>().size() >= 1);
  }

  TEST_CASE("tokens that an earlier process has used up end the call once it is attached again") {
    AgentProfile agent = concierge();
    agent.limits.tokens = 100;
    Usage used;
    used.output_text_tokens = 100;
    LiveTalk talk{std::move(agent), used};
    talk.dialogue->on_attached(true, talk.now);
    CHECK(talk.take<Note>().size() == 1);
  }
}
