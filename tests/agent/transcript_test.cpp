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
