#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "session_probe.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;
using Types = std::vector<std::string>;

constexpr std::string_view long_greeting =
    R"({"type":"response.create","response":
        {"instructions":"Say one two three four five six seven eight nine ten."}})";

TEST_SUITE("Caller's turn") {
  TEST_CASE("is committed, becomes an item and is answered, in the documented order") {
    SessionProbe probe;
    probe.hold_speech = true;
    probe.turn(800, 2'000);
    CHECK(probe.types() ==
          Types{"input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped",
                "input_audio_buffer.committed", "conversation.item.added", "conversation.item.done",
                "response.created", "response.output_item.added", "conversation.item.added",
                "response.content_part.added"});
    const auto item_id = json_string(probe.events[0], "item_id");
    CHECK(item_id.starts_with("item_"));
    CHECK(path(probe.events[0], "audio_start_ms") == "800");
    CHECK(path(probe.events[1], "audio_end_ms") == "2000");
    for (int i = 1; i < 3; ++i) {
      CHECK(json_string(probe.events[static_cast<std::size_t>(i)], "item_id") == item_id);
    }
    CHECK(path(probe.events[2], "previous_item_id") == "null");
    CHECK(json_string(probe.events[3], "item.id") == item_id);
    CHECK(json_string(probe.events[3], "item.role") == "user");
    CHECK(json_string(probe.last("conversation.item.added"), "previous_item_id") == item_id);
    CHECK(probe.said == Types{"One two."});
    probe.pass(1s);
    probe.turn(3'000, 4'000);
    CHECK(json_string(probe.last("input_audio_buffer.committed"), "previous_item_id") ==
          json_string(probe.events[6], "item.id"));
  }

  TEST_CASE("is transcribed only if that was asked for") {
    SessionProbe silent;
    silent.turn(800, 2'000);
    CHECK(silent.count("conversation.item.input_audio_transcription.completed") == 0);

    SessionProbe probe{R"({"type":"realtime","audio":{"input":
                          {"transcription":{"model":"gpt-4o-mini-transcribe"}}}})"};
    probe.turn(800, 2'000);
    const auto done = probe.last("conversation.item.input_audio_transcription.completed");
    CHECK(path(done, "transcript") == R"("hello there")");
    CHECK(json_string(done, "item_id") ==
          json_string(probe.last("input_audio_buffer.committed"), "item_id"));
    CHECK(path(done, "usage.type") == R"("tokens")");
    CHECK(path(done, "usage.input_tokens") == "12");

    SessionProbe whisper{R"({"type":"realtime","audio":{"input":
                            {"transcription":{"model":"whisper-1"}}}})"};
    whisper.turn(800, 2'000);
    CHECK(path(whisper.last("conversation.item.input_audio_transcription.completed"), "usage") ==
          R"({"type":"duration","seconds":2})");
  }

  TEST_CASE("without create_response is committed and left at that") {
    SessionProbe probe{R"({"type":"realtime","audio":{"input":{"turn_detection":
                          {"type":"server_vad","create_response":false}}}})"};
    probe.turn(800, 2'000);
    CHECK(probe.count("input_audio_buffer.committed") == 1);
    CHECK(probe.count("response.created") == 0);
    probe.client(R"({"type":"response.create"})");
    CHECK(probe.said == Types{"One two."});
  }

  TEST_CASE("waits for the running response when it must not interrupt") {
    SessionProbe probe{R"({"type":"realtime","audio":{"input":{"turn_detection":
                          {"type":"server_vad","interrupt_response":false}}}})"};
    probe.client(long_greeting);
    probe.turn(100, 200);
    CHECK(probe.count("response.created") == 1);
    CHECK(probe.count("output_audio_buffer.cleared") == 0);
    probe.pass(1s);
    CHECK(probe.count("response.created") == 2);
    CHECK(path(probe.last("error"), "error") == "(none)");
  }

  TEST_CASE("that nobody takes is timed out after playback, if so configured") {
    SessionProbe probe{R"({"type":"realtime","audio":{"input":{"turn_detection":
                          {"type":"server_vad","idle_timeout_ms":5000}}}})"};
    probe.client(R"({"type":"response.create","response":{"instructions":"Say Hi."}})");
    probe.pass(1s);
    probe.listen(1'000);
    probe.played(300);
    probe.skip();
    probe.pass(4900ms);
    CHECK(probe.types().empty());
    probe.listen(6'000);
    probe.pass(100ms);
    const Types types = probe.types();
    REQUIRE(types.size() > 5);
    CHECK(Types(types.begin(), types.begin() + 5) ==
          Types{"input_audio_buffer.timeout_triggered", "input_audio_buffer.committed",
                "conversation.item.added", "conversation.item.done", "response.created"});
    const auto event = probe.last("input_audio_buffer.timeout_triggered");
    CHECK(path(event, "audio_start_ms") == "1000");
    CHECK(path(event, "audio_end_ms") == "6000");
  }

  TEST_CASE("a pressed key is one event without an id that starts nothing") {
    SessionProbe probe;
    probe.digit('#');
    REQUIRE(probe.events.size() == 1);
    CHECK(boost::json::serialize(probe.events[0]) ==
          R"({"type":"input_audio_buffer.dtmf_event_received","event":"#",)"
          R"("received_at":1763770400})");
  }
}

TEST_SUITE("Barge-in") {
  TEST_CASE("while the model still generates, cancels the response and cuts the item") {
    SessionProbe probe;
    probe.client(long_greeting);
    probe.played(360);
    probe.skip();
    probe.start_turn(700);
    CHECK(probe.types() ==
          Types{"input_audio_buffer.speech_started", "output_audio_buffer.cleared",
                "response.output_audio.done", "response.output_audio_transcript.done",
                "response.content_part.done", "conversation.item.done", "response.output_item.done",
                "response.done", "rate_limits.updated", "conversation.item.truncated"});
    CHECK(probe.cleared == 1);
    CHECK(path(probe.last("response.done"), "response.status_details") ==
          R"({"type":"cancelled","reason":"turn_detected"})");
    CHECK(path(probe.last("response.output_item.done"), "item.status") == R"("incomplete")");
    const auto truncated = probe.last("conversation.item.truncated");
    CHECK(path(truncated, "audio_end_ms") == "360");
    CHECK(path(truncated, "content_index") == "0");
    CHECK(json_string(truncated, "item_id") ==
          json_string(probe.last("response.output_item.done"), "item.id"));
    probe.stop_turn(1'500);
    CHECK(probe.count("response.created") == 2);
  }

  TEST_CASE("while only playback is left, there is no second response.done") {
    SessionProbe probe;
    probe.client(long_greeting);
    probe.pass(1s);
    probe.played(1'000);
    probe.skip();
    probe.start_turn(700);
    CHECK(probe.types() == Types{"input_audio_buffer.speech_started", "output_audio_buffer.cleared",
                                 "conversation.item.truncated"});
    CHECK(probe.count("response.done") == 1);
    CHECK(probe.cleared == 1);
  }

  TEST_CASE("leaves in the conversation what the caller heard") {
    SessionProbe probe;
    probe.client(long_greeting);
    probe.pass(1s);
    probe.played(1'000);
    probe.start_turn(700);
    const auto& item = probe.session().conversation().items().at(0);
    CHECK(boost::json::serialize(item.body.at("content")) ==
          R"([{"type":"output_audio","transcript":"one two three"}])");
    CHECK(item.audio_ms == 1'000);
  }

  TEST_CASE("before anything was heard, cancels without a cleared event") {
    SessionProbe probe;
    probe.hold_speech = true;
    probe.client(long_greeting);
    probe.skip();
    probe.start_turn(100);
    CHECK(probe.count("output_audio_buffer.cleared") == 0);
    CHECK(path(probe.last("response.done"), "response.status") == R"("cancelled")");
    probe.speak();  // the synthesiser was already at it
    CHECK(probe.playable_ms == 0);
    CHECK(probe.count("response.done") == 1);
  }

  TEST_CASE("does not happen once everything was heard") {
    SessionProbe probe;
    probe.client(R"({"type":"response.create","response":{"instructions":"Say Hi."}})");
    probe.pass(1s);
    probe.played(300);
    probe.skip();
    probe.start_turn(700);
    CHECK(probe.types() == Types{"input_audio_buffer.speech_started"});
    CHECK(probe.cleared == 0);
  }

  TEST_CASE("does not happen without interrupt_response") {
    SessionProbe probe{R"({"type":"realtime","audio":{"input":{"turn_detection":
                          {"type":"server_vad","interrupt_response":false}}}})"};
    probe.client(long_greeting);
    probe.played(100);
    probe.skip();
    probe.start_turn(700);
    CHECK(probe.types() == Types{"input_audio_buffer.speech_started"});
  }
}

}  // namespace
}  // namespace offhook::sim
