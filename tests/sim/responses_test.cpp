#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "session_probe.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;
using Types = std::vector<std::string>;

constexpr std::string_view say_hi =
    R"({"type":"response.create","response":{"instructions":"Say Hi there."}})";

const Types greeting_until_sound{"response.created", "response.output_item.added",
                                 "conversation.item.added", "response.content_part.added"};
const Types generation_end{"response.output_audio.done", "response.output_audio_transcript.done",
                           "response.content_part.done", "conversation.item.done",
                           "response.output_item.done",  "response.done",
                           "rate_limits.updated"};

Types joined(Types first, const Types& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

TEST_SUITE("Response") {
  TEST_CASE("a greeting comes in the documented order, and playback ends after response.done") {
    SessionProbe probe;
    probe.hold_speech = true;
    probe.client(say_hi);
    CHECK(probe.types() == greeting_until_sound);
    CHECK(probe.said == Types{"Hi there."});
    probe.speak();
    CHECK(probe.count("response.output_audio_transcript.delta") > 0);
    probe.played(20);
    CHECK(probe.types() == joined({"output_audio_buffer.started"}, {}));
    probe.pass(100ms);
    CHECK(probe.types() == generation_end);
    probe.played(580);
    CHECK(probe.types().empty());
    probe.played(600);
    CHECK(probe.types() == Types{"output_audio_buffer.stopped"});
  }

  TEST_CASE("its deltas make up its transcript, and no audio travels on the socket") {
    SessionProbe probe;
    probe.client(say_hi);
    probe.pass(1s);
    std::string text;
    for (const auto& event : probe.events) {
      if (json_string(event, "type") == "response.output_audio_transcript.delta") {
        text += json_string(event, "delta");
      }
    }
    CHECK(text == "Hi there.");
    CHECK(path(probe.last("response.output_audio_transcript.done"), "transcript") ==
          R"("Hi there.")");
    CHECK(probe.count("response.output_audio.delta") == 0);
    CHECK(probe.playable_ms == 600);
  }

  TEST_CASE("is generated faster than it is spoken") {
    SessionProbe probe{R"({"type":"realtime"})",
                       {"This is a much longer answer of ten words exactly."}};
    probe.client(R"({"type":"response.create","response":{"instructions":
                     "Say This is a much longer answer of ten words exactly."}})");
    CHECK(probe.count("response.done") == 0);
    probe.pass(1s);
    CHECK(probe.count("response.done") == 1);
    CHECK(probe.playable_ms == 3'000);
  }

  TEST_CASE("every event but those about keys has an id of its own") {
    SessionProbe probe;
    probe.client(say_hi);
    probe.pass(1s);
    std::vector<std::string> ids;
    for (const auto& event : probe.events) {
      const auto id = json_string(event, "event_id");
      CHECK(id.starts_with("event_"));
      CHECK(id.size() == 6 + 21);
      ids.emplace_back(id);
    }
    std::sort(ids.begin(), ids.end());
    CHECK(std::unique(ids.begin(), ids.end()) == ids.end());
  }

  TEST_CASE("response.done carries the item, the status and plausible usage") {
    SessionProbe probe;
    probe.client(R"({"type":"response.create","response":
                     {"instructions":"Say Hi.","metadata":{"k":"v"}}})");
    probe.pass(1s);
    CHECK(path(probe.last("response.created"), "response.status") == R"("in_progress")");
    CHECK(path(probe.last("response.created"), "response.usage") == "null");
    CHECK(path(probe.last("response.created"), "response.output") == "[]");
    const auto done = probe.last("response.done");
    CHECK(path(done, "response.status") == R"("completed")");
    CHECK(path(done, "response.status_details") == "null");
    CHECK(path(done, "response.metadata") == R"({"k":"v"})");
    CHECK(path(done, "response.audio.output.format.type") == R"("audio/pcmu")");
    CHECK(json_at(done, "response.output")->as_array().size() == 1);
    const auto& item = json_at(done, "response.output")->as_array()[0];
    CHECK(path(item, "status") == R"("completed")");
    CHECK(boost::json::serialize(item.at("content")) ==
          R"([{"type":"output_audio","transcript":"Hi."}])");
    const auto input = json_int(done, "response.usage.input_tokens");
    const auto output = json_int(done, "response.usage.output_tokens");
    REQUIRE(input);
    REQUIRE(output);
    CHECK(*input > 0);
    CHECK(*output > 0);
    CHECK(json_int(done, "response.usage.total_tokens") == *input + *output);
  }

  TEST_CASE("in text only, nothing is spoken and nothing is played") {
    SessionProbe probe{R"({"type":"realtime","output_modalities":["text"]})"};
    probe.client(say_hi);
    probe.pass(1s);
    CHECK(probe.said.empty());
    CHECK(probe.types() == Types{"response.created", "response.output_item.added",
                                 "conversation.item.added", "response.content_part.added",
                                 "response.output_text.done", "response.content_part.done",
                                 "conversation.item.done", "response.output_item.done",
                                 "response.done", "rate_limits.updated"});
    CHECK(path(probe.last("response.output_text.done"), "text") == R"("Hi there.")");
    CHECK(probe.count("response.output_text.delta") == 2);
  }

  TEST_CASE("a function call follows its own order, and its output is answered by the next reply") {
    SessionProbe probe{R"({"type":"realtime"})",
                       {R"(call:look_up {"order_id":"4711"})", "It is on its way."}};
    probe.turn(500, 1'500);
    probe.skip();
    probe.pass(1s);
    CHECK(probe.types() == Types{"response.function_call_arguments.done", "conversation.item.done",
                                 "response.output_item.done", "response.done",
                                 "rate_limits.updated"});
    const auto done = probe.last("response.function_call_arguments.done");
    CHECK(path(done, "name") == R"("look_up")");
    CHECK(json_string(done, "arguments") == R"({"order_id":"4711"})");
    const auto call_id = json_string(done, "call_id");
    CHECK(call_id.starts_with("call_"));
    CHECK(json_string(probe.last("response.output_item.added"), "item.call_id") == call_id);
    CHECK(path(probe.last("response.output_item.added"), "item.arguments") == R"("")");
    probe.client(R"({"type":"conversation.item.create","item":
                     {"type":"function_call_output","call_id":"c","output":"shipped"}})");
    CHECK(probe.types() == Types{"conversation.item.added", "conversation.item.done"});
    probe.client(R"({"type":"response.create"})");
    CHECK(probe.said == Types{"It is on its way."});
  }

  TEST_CASE("only one writes to the conversation at a time; out of band it may run beside") {
    SessionProbe probe;
    probe.hold_speech = true;
    probe.client(say_hi);
    const std::string first = probe.speaking;
    probe.client(R"({"type":"response.create","event_id":"mine"})");
    const auto error = probe.last("error");
    CHECK(path(error, "error.code") == R"("conversation_already_has_active_response")");
    CHECK(json_string(error, "error.message") ==
          "Conversation already has an active response in progress: " + first +
              ". Wait until the response is finished before creating a new one.");
    CHECK(path(error, "error.event_id") == R"("mine")");
    CHECK(probe.count("response.created") == 1);
    probe.skip();
    probe.client(R"({"type":"response.create","response":
        {"conversation":"none","output_modalities":["text"],"instructions":"Say aside."}})");
    probe.pass(200ms);
    CHECK(probe.types() == Types{"response.created", "response.output_item.added",
                                 "response.content_part.added", "response.output_text.done",
                                 "response.content_part.done", "response.output_item.done",
                                 "response.done", "rate_limits.updated"});
    CHECK(path(probe.last("response.done"), "response.conversation_id") == "null");
  }

  TEST_CASE("belongs to the one conversation of the session, unless it is out of band") {
    SessionProbe probe;
    const auto conversation = [&](const char* event) {
      return path(probe.last(event), "response.conversation_id");
    };
    std::set<std::string> ids;
    for (int i = 0; i < 2; ++i) {
      probe.client(R"({"type":"response.create","response":{"instructions":"Say one."}})");
      ids.insert(conversation("response.created"));
      probe.played(probe.playable_ms);
      probe.pass(1s);
      ids.insert(conversation("response.done"));
    }
    REQUIRE(ids.size() == 1);
    CHECK(ids.begin()->starts_with(R"("conv_)"));
    CHECK(probe.count("response.done") == 2);
    probe.client(R"({"type":"response.create","response":{"conversation":"none"}})");
    CHECK(conversation("response.created") == "null");
  }

  TEST_CASE("cancelled by the controller, it stays incomplete and what was generated is heard") {
    SessionProbe probe;
    probe.client(R"({"type":"response.create","response":
                     {"instructions":"Say one two three four five six seven eight."}})");
    probe.played(100);
    probe.skip();
    const int generated = probe.playable_ms;
    probe.client(R"({"type":"response.cancel"})");
    CHECK(probe.types() == generation_end);
    const auto done = probe.last("response.done");
    CHECK(path(done, "response.status") == R"("cancelled")");
    CHECK(path(done, "response.status_details") ==
          R"({"type":"cancelled","reason":"client_cancelled"})");
    CHECK(path(probe.last("response.output_item.done"), "item.status") == R"("incomplete")");
    CHECK(probe.stopped == 1);
    CHECK(probe.cleared == 0);
    probe.pass(1s);
    CHECK(probe.playable_ms == generated);
    probe.played(generated);
    CHECK(probe.types() == Types{"output_audio_buffer.stopped"});
  }

  TEST_CASE("cancelled and cleared, both are confirmed and nothing is left to hear") {
    SessionProbe probe;
    probe.client(R"({"type":"response.create","response":
                     {"instructions":"Say one two three four five six seven eight."}})");
    probe.played(100);
    probe.skip();
    probe.client(R"({"type":"response.cancel"})");
    probe.client(R"({"type":"output_audio_buffer.clear"})");
    CHECK(probe.types() == joined(generation_end, {"output_audio_buffer.cleared"}));
    CHECK(probe.cleared == 1);
    probe.played(200);
    probe.pass(1s);
    CHECK(probe.types().empty());
  }

  TEST_CASE("cleared while it is generated, it is silent to its end") {
    SessionProbe probe;
    probe.client(R"({"type":"response.create","response":
                     {"instructions":"Say one two three four five six seven eight."}})");
    probe.played(100);
    probe.skip();
    probe.client(R"({"type":"output_audio_buffer.clear"})");
    CHECK(probe.types() == Types{"output_audio_buffer.cleared"});
    probe.pass(1s);
    CHECK(probe.types() == generation_end);
    CHECK(path(probe.last("response.done"), "response.status") == R"("completed")");
  }

  TEST_CASE("cancelling nothing is a harmless error") {
    SessionProbe probe;
    probe.client(R"({"type":"response.cancel","event_id":"e1"})");
    CHECK(path(probe.last("error"), "error.code") == R"("response_cancel_not_active")");
    CHECK(path(probe.last("error"), "error.message") ==
          R"("Cancellation failed: no active response found")");
    probe.client(R"({"type":"output_audio_buffer.clear"})");
    probe.client(say_hi);
    CHECK(probe.count("response.created") == 1);
  }

  TEST_CASE("fails when it cannot be spoken") {
    SessionProbe probe;
    probe.hold_speech = true;
    probe.client(say_hi);
    probe.fail_to_speak();
    const auto done = probe.last("response.done");
    CHECK(path(done, "response.status") == R"("failed")");
    CHECK(path(done, "response.status_details.error.type") == R"("server_error")");
    probe.client(say_hi);
    CHECK(probe.count("response.created") == 2);
  }

  TEST_CASE("of several sentences it is spoken as they come, and is over only after the last") {
    SessionProbe probe;
    probe.hold_speech = true;
    probe.client(say_hi);
    probe.speak(false);
    probe.played(600);
    probe.pass(1s);
    CHECK(probe.count("response.done") == 0);
    CHECK(probe.count("output_audio_buffer.stopped") == 0);
    probe.speak(true);
    probe.pass(1s);
    CHECK(path(probe.last("response.output_audio_transcript.done"), "transcript") ==
          R"("Hi there. Hi there.")");
    probe.played(1'200);
    CHECK(probe.count("output_audio_buffer.stopped") == 1);
  }

  TEST_CASE("refuses fields that nobody knows") {
    SessionProbe probe;
    probe.client(R"({"type":"response.create","response":{"colour":"red"}})");
    CHECK(path(probe.last("error"), "error.code") == R"("unknown_parameter")");
    CHECK(path(probe.last("error"), "error.param") == R"("response.colour")");
    probe.client(R"({"type":"response.create","response":{"output_modalities":"audio"}})");
    CHECK(path(probe.last("error"), "error.code") == R"("invalid_value")");
    CHECK(probe.count("response.created") == 0);
  }
}

}  // namespace
}  // namespace offhook::sim
