#include "agent/transcript.hpp"

#include <doctest/doctest.h>

using offhook::agent::Transcript;
using offhook::agent::TranscriptLine;

namespace {

void feed(Transcript& transcript, const char* json, double at_ms) {
  transcript.on_event(offhook::openai::parse_realtime_event(json).value(), at_ms);
}

constexpr const char* speech_started =
    R"({"type":"input_audio_buffer.speech_started","item_id":"item_u"})";
constexpr const char* caller_words =
    R"({"type":"conversation.item.input_audio_transcription.completed","item_id":"item_u","transcript":"Where is it?"})";
constexpr const char* model_delta =
    R"({"type":"response.output_audio_transcript.delta","item_id":"item_a","delta":"On its "})";
constexpr const char* model_done =
    R"({"type":"response.output_audio_transcript.done","item_id":"item_a","transcript":"On its way."})";

}  // namespace

TEST_SUITE("Transcript") {
  TEST_CASE("puts the caller's late words where they were spoken") {
    Transcript transcript;
    feed(transcript, speech_started, 100);
    feed(transcript, model_delta, 900);
    feed(transcript, model_done, 1'000);
    feed(transcript, caller_words, 1'500);
    const auto lines = transcript.lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].who == "caller");
    CHECK(lines[0].text == "Where is it?");
    CHECK(lines[0].at_ms == 100);
    CHECK(lines[1].who == "model");
    CHECK(lines[1].text == "On its way.");
    CHECK_FALSE(lines[1].interrupted);
  }

  TEST_CASE("tells a line once, when it is final") {
    int told = 0;
    Transcript transcript{[&](const TranscriptLine&) { ++told; }};
    feed(transcript, model_delta, 1);
    CHECK(told == 0);
    feed(transcript, model_done, 2);
    feed(transcript,
         R"({"type":"response.done","response":{"status":"completed","output":[{"id":"item_a"}]}})",
         3);
    CHECK(told == 1);
  }

  TEST_CASE("keeps what an interrupted answer had said") {
    Transcript transcript;
    feed(transcript, model_delta, 5);
    feed(transcript,
         R"({"type":"response.done","response":{"status":"cancelled","output":[{"id":"item_a"}]}})",
         9);
    REQUIRE(transcript.lines().size() == 1);
    CHECK(transcript.lines()[0].text == "On its ");
    CHECK(transcript.lines()[0].interrupted);
  }

  TEST_CASE("marks an answer that was generated to its end but not heard to its end") {
    Transcript transcript;
    feed(transcript, model_done, 5);
    feed(transcript, R"({"type":"conversation.item.truncated","item_id":"item_a"})", 9);
    REQUIRE(transcript.lines().size() == 1);
    CHECK(transcript.lines()[0].interrupted);
  }

  TEST_CASE("marks an answer that was cut short although its transcript is done") {
    std::vector<TranscriptLine> told;
    Transcript transcript{[&](const TranscriptLine& line) { told.push_back(line); }};
    feed(transcript, R"({"type":"output_audio_buffer.cleared","response_id":"resp_a"})", 4);
    feed(
        transcript,
        R"({"type":"response.output_audio_transcript.done","response_id":"resp_a","item_id":"item_a",)"
        R"("transcript":"On its"})",
        5);
    feed(
        transcript,
        R"({"type":"response.output_audio_transcript.done","response_id":"resp_b","item_id":"item_b",)"
        R"("transcript":"On its way."})",
        6);
    REQUIRE(told.size() == 2);
    CHECK(told[0].interrupted);
    CHECK_FALSE(told[1].interrupted);
  }

  TEST_CASE("a gap is a line of its own, between what was begun before and after it") {
    std::vector<TranscriptLine> told;
    Transcript transcript{[&](const TranscriptLine& line) { told.push_back(line); }};
    feed(transcript, speech_started, 100);
    transcript.on_gap({.from_ms = 500, .lasted_ms = 1'250});
    feed(transcript, model_delta, 1'800);
    feed(transcript, model_done, 1'900);
    feed(transcript, caller_words, 2'000);
    REQUIRE(told.size() == 3);
    CHECK(told[0].who == "gap");
    const auto lines = transcript.lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].who == "caller");
    CHECK(lines[1].who == "gap");
    CHECK(lines[1].text == "1.2 s without the sideband: words may be missing");
    CHECK(lines[1].at_ms == 500);
    CHECK(lines[1].gap_ms == 1'250);
    CHECK(lines[2].who == "model");
    CHECK_FALSE(lines[2].gap_ms);
  }

  TEST_CASE("a gap in a line that Live tells by the word has words before and after") {
    Transcript transcript;
    transcript.on_delta({.caller = true, .text = "Where is", .start_ms = 0, .end_ms = 400}, 1'400);
    transcript.end_all();
    transcript.on_gap({.from_ms = 1'500, .lasted_ms = 800});
    transcript.on_delta({.caller = true, .text = "my order?", .start_ms = 1'400, .end_ms = 1'900},
                        2'900);
    const auto said = transcript.lines_so_far();  // without gaps: what a delegate is told
    REQUIRE(said.size() == 2);
    CHECK(said[0].text == "Where is");
    CHECK(said[1].text == "my order?");
    transcript.end_all();
    const auto lines = transcript.lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[1].who == "gap");
  }

  TEST_CASE("a gap that an earlier process has begun has no length") {
    Transcript transcript;
    transcript.on_gap({.from_ms = 3});
    REQUIRE(transcript.lines().size() == 1);
    CHECK_FALSE(transcript.lines()[0].gap_ms);
    CHECK(transcript.lines()[0].text == "taken over from an earlier process: words may be missing");
  }

  TEST_CASE("what was found afterwards stands before the item that it is known to precede") {
    Transcript transcript;
    feed(transcript, model_delta, 1'800);
    feed(transcript, model_done, 1'900);
    transcript.on_found("earlier", {"caller", "Where is it?", 2'000}, "item_a");
    const auto lines = transcript.lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].text == "Where is it?");
    CHECK(lines[1].who == "model");
  }

  TEST_CASE("response.done has the words whose own events were missed in a gap") {
    Transcript transcript;
    feed(transcript,
         R"({"type":"response.output_audio_transcript.delta","item_id":"m","delta":"On "})", 1);
    feed(transcript,
         R"({"type":"response.done","response":{"status":"completed","output":[)"
         R"({"id":"m","type":"message","content":[{"transcript":"On its way."}]},)"
         R"({"id":"n","type":"message","content":[{"transcript":"Goodbye."}]}]}})",
         2);
    feed(transcript,
         R"({"type":"response.done","response":{"conversation_id":null,"output":[)"
         R"({"id":"o","type":"message","content":[{"text":"aside"}]}]}})",
         3);
    const auto lines = transcript.lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].text == "On its way.");
    CHECK(lines[1].text == "Goodbye.");
    CHECK_FALSE(lines[1].interrupted);
  }

  TEST_CASE("is not disturbed by events without the expected fields") {
    Transcript transcript;
    for (const char* odd :
         {R"({"type":"response.done"})", R"({"type":"response.done","response":7})",
          R"({"type":"response.output_audio_transcript.delta","delta":3})",
          R"({"type":"conversation.item.input_audio_transcription.completed"})"}) {
      feed(transcript, odd, 1);
    }
    CHECK(transcript.lines().empty());
  }
}
