#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "agent/dialogue/dialogue.hpp"
#include "base/json.hpp"

namespace {

using namespace std::chrono_literals;
using namespace offhook;
using namespace offhook::agent;

/// A dialogue whose tool has answered, and whose sideband dropped before the API told anything of
/// the output and of the wish to go on.
struct LostAnswer {
  LostAnswer() {
    ToolConfig tool;
    tool.name = "look_up";
    tool.kind = ToolConfig::Kind::function;
    profile.tools.push_back(tool);
    DialogueOptions options;
    options.call_id = "rtc_1";
    dialogue = make_realtime_dialogue(profile, std::move(options));
    dialogue->begin(now, false);
    dialogue->on_attached(false, now);
    hear(R"({"type":"response.created","response":{"id":"r"}})");
    hear(
        R"({"type":"conversation.item.added","item":{"id":"f","type":"function_call","call_id":"c"}})");
    hear(R"({"type":"response.done","response":{"id":"r","status":"completed","output":[{"id":"f",
            "type":"function_call","call_id":"c","name":"look_up","arguments":"{}"}]}})");
    dialogue->tool_finished("c", "found", now);
    REQUIRE(responses_wanted() == 1);
    dialogue->on_detached(now);
    dialogue->on_attached(true, now);
    take();
    REQUIRE_FALSE(probe.empty());
  }

  void hear(const std::string& text) {
    dialogue->on_event(openai::parse_sideband_event(text).value(), now);
    take();
  }
  void take() {
    for (const Effect& effect : dialogue->take_effects()) {
      if (const auto* const event = std::get_if<SendEvent>(&effect)) {
        const auto body = boost::json::parse(event->text);
        responses += json_string(body, "type") == "response.create" ? 1 : 0;
        const std::string_view item = json_string(body, "item.id");
        outputs += item == "out_c" ? 1 : 0;
        probe = item.starts_with("probe_") ? std::string{item} : probe;
      }
    }
  }
  int responses_wanted() {
    take();
    return std::exchange(responses, 0);
  }
  void output_is_there_already() {
    hear(R"({"type":"error","error":{"code":"invalid_value","event_id":"offhook_out_c"}})");
  }
  void conversation_ends_with(const std::string& item) {
    hear(R"({"type":"conversation.item.added","previous_item_id":")" + item +
         R"(","item":{"id":")" + probe + "\"}}");
  }

  AgentProfile profile;
  std::unique_ptr<Dialogue> dialogue;
  Moment now{Dialogue::Time{1h}, 1};
  std::string probe;
  int responses = 0;
  int outputs = 0;
};

}  // namespace

TEST_SUITE("RealtimeDialogue") {
  TEST_CASE("an output that a gap has swallowed is given again, and the model goes on once") {
    LostAnswer call;
    CHECK(call.outputs == 2);
    CHECK(call.responses_wanted() == 0);
    call.hear(R"({"type":"conversation.item.added","previous_item_id":"f",
                  "item":{"id":"out_c","type":"function_call_output","call_id":"c"}})");
    CHECK(call.responses_wanted() == 1);
    call.conversation_ends_with("out_c");
    CHECK(call.responses_wanted() == 0);
    call.hear(R"({"type":"response.created","response":{"id":"s","metadata":{"offhook":"r2"}}})");
    call.hear(R"({"type":"response.done","response":{"id":"s","output":[]}})");
    CHECK(call.responses_wanted() == 0);
  }

  TEST_CASE("an output that had arrived without its response.create is followed by another one") {
    LostAnswer call;
    call.output_is_there_already();
    CHECK(call.responses_wanted() == 0);
    call.conversation_ends_with("out_c");  // which was never shown: it is looked at
    call.hear(R"({"type":"conversation.item.retrieved","item":{"id":"out_c",
                  "type":"function_call_output","call_id":"c"}})");
    CHECK(call.responses_wanted() == 1);
  }

  TEST_CASE("a model that has gone on in the gap is not asked to again") {
    LostAnswer call;
    call.output_is_there_already();
    call.conversation_ends_with("m");
    call.hear(R"({"type":"conversation.item.retrieved","item":{"id":"m","type":"message",
                  "role":"assistant","content":[{"transcript":"On its way."}]}})");
    CHECK(call.responses_wanted() == 0);
    REQUIRE(call.dialogue->transcript().lines().size() == 1);
    CHECK(call.dialogue->transcript().lines()[0].text == "On its way.");
  }
}
