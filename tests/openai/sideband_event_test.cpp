#include "openai/sideband_event.hpp"

#include <doctest/doctest.h>

#include "base/printable.hpp"

using offhook::Errc;
using offhook::printable;
using offhook::openai::describe;
using offhook::openai::parse_sideband_event;

namespace {

std::string described(std::string_view text) {
  return describe(parse_sideband_event(text).value());
}

}  // namespace

TEST_SUITE("sideband event") {
  TEST_CASE("keeps type and body") {
    const auto event =
        parse_sideband_event(R"({"type":"response.done","response":{"id":"resp_1"}})");
    REQUIRE(event);
    CHECK(event->type == "response.done");
    CHECK(event->body.at("response").at("id") == "resp_1");
  }

  TEST_CASE("of an unknown type passes with all its fields") {
    const auto event = parse_sideband_event(R"({"type":"tea.ready","event_id":"e","cups":[1,2]})");
    REQUIRE(event);
    CHECK(event->type == "tea.ready");
    CHECK(event->body.at("cups").as_array().size() == 2);
    CHECK(describe(*event) == "tea.ready");
  }

  TEST_CASE("is malformed without a type or when it is no object") {
    for (const char* text : {"", "{", "[]", "7", "null", "{}", R"({"type":null})", R"({"type":""})",
                             R"({"type":"a"}{"type":"b"})"}) {
      CAPTURE(text);
      CHECK(parse_sideband_event(text).error().code == Errc::malformed_message);
    }
  }
}

TEST_SUITE("description of an event") {
  TEST_CASE("says how a response ended and what it cost") {
    CHECK(described(R"({"type":"response.done","response":{"status":"completed",
                        "usage":{"total_tokens":128}}})") == "response.done completed, 128 tokens");
    CHECK(described(R"({"type":"response.done","response":{"status":"cancelled",
                        "status_details":{"reason":"turn_detected"},"usage":null}})") ==
          "response.done cancelled, turn_detected");
    CHECK(described(R"({"type":"response.done","response":{"status":"failed","status_details":
                        {"error":{"code":"rate_limit_exceeded","message":"Slow down."}}}})") ==
          "response.done failed, rate_limit_exceeded: Slow down.");
  }

  TEST_CASE("quotes what was said") {
    CHECK(
        described(R"({"type":"response.output_audio_transcript.done","transcript":"Hi there"})") ==
        "response.output_audio_transcript.done \"Hi there\"");
  }

  TEST_CASE("shows the session that is in force") {
    CHECK(described(R"({"type":"session.created","session":{"model":"gpt-realtime-2.1","audio":
                        {"output":{"voice":"marin","format":{"type":"audio/pcmu"}}}}})") ==
          "session.created gpt-realtime-2.1, marin, audio/pcmu");
  }

  TEST_CASE("shows errors, digits, tool calls and limits") {
    CHECK(described(R"({"type":"error","error":{"code":"invalid_value","message":"No."}})") ==
          "error invalid_value: No.");
    CHECK(described(R"({"type":"input_audio_buffer.dtmf_event_received","event":"5"})") ==
          "input_audio_buffer.dtmf_event_received 5");
    CHECK(described(R"({"type":"response.function_call_arguments.done","name":"find",
                        "arguments":"{\"id\":1}"})") ==
          "response.function_call_arguments.done find({\"id\":1})");
    CHECK(described(R"({"type":"rate_limits.updated","rate_limits":
                        [{"name":"requests","remaining":9},{"name":"tokens","remaining":80}]})") ==
          "rate_limits.updated 9 requests left, 80 tokens left");
  }

  TEST_CASE("never shows audio and keeps to one bounded line") {
    const std::string audio(100'000, 'A');
    CHECK(described(R"({"type":"response.output_audio.delta","delta":")" + audio + R"("})") ==
          "response.output_audio.delta 100000 base64 characters");
    const auto line = described(R"({"type":"response.output_text.delta","delta":"a\n\u001b[2J)" +
                                audio + R"("})");
    CHECK(line.size() < 300);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(line.find('\x1b') == std::string::npos);
  }

  TEST_CASE("stands fields of the wrong kind") {
    for (const char* type : {"session.created", "response.done", "error", "rate_limits.updated",
                             "response.output_audio.delta", "conversation.item.added"}) {
      CAPTURE(type);
      const std::string text = R"({"type":")" + std::string{type} +
                               R"(","session":7,"response":[],"error":"x","rate_limits":{},)"
                               R"("delta":{},"item":null})";
      CHECK(described(text).starts_with(type));
    }
  }
}

TEST_SUITE("printable text") {
  TEST_CASE("is cut at the edge of a character") {
    CHECK(printable("abcdef", 6) == "abcdef");
    CHECK(printable("abcdefg", 6) == "abcdef…");
    CHECK(printable("ab\u00e9\u00e9", 5) == "ab\u00e9…");
  }

  TEST_CASE("has no control characters, in UTF-8 either") {
    CHECK(printable("a\tb\x7f\u009bc\u00a0", 20) == "a b  c\u00a0");
  }
}
