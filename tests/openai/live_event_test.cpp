#include "openai/live_event.hpp"

#include <string>
#include <variant>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "openai/event_type.hpp"

using namespace offhook::openai;

TEST_SUITE("LiveEvent") {
  TEST_CASE("known types are read, unknown ones pass") {
    const auto delta = parse_live_event(
        R"({"type":"session.input_transcript.delta","delta":"hi","start_ms":10,"end_ms":20.0})");
    REQUIRE(delta);
    REQUIRE(std::holds_alternative<LiveTranscriptDelta>(*delta));
    CHECK(std::get<LiveTranscriptDelta>(*delta).caller);
    CHECK(std::get<LiveTranscriptDelta>(*delta).end_ms == 20);
    const auto closed = parse_live_event(
        R"({"type":"session.closed","reason":"remote_hangup","usage":{"seconds":61.5}})");
    REQUIRE(closed);
    CHECK(std::get<LiveClosed>(*closed).seconds == 61.5);
    const auto other = parse_live_event(R"({"type":"session.weather","x":1})");
    REQUIRE(other);
    CHECK(std::get<LiveOther>(*other).type == "session.weather");
  }

  TEST_CASE("odd fields stay empty and what is no event is refused") {
    for (const char* type :
         {"session.delegation.created", "transport.dtmf.received", "session.usage.updated", "error",
          "transport.failed", "session.closed", "response.event", "session.started"}) {
      CAPTURE(type);
      CHECK(parse_live_event(R"({"type":")" + std::string{type} +
                             R"(","delegation":7,"event":[1],"usage":"x","error":null})"));
    }
    CHECK_FALSE(parse_live_event("[]"));
    CHECK_FALSE(parse_live_event("{"));
    CHECK_FALSE(parse_live_event(R"({"type":3})"));
  }

  TEST_CASE("appends name their delegation, or null") {
    const auto none = boost::json::parse(live_append(LiveContext::instructions, "a", {}));
    CHECK(none.at("delegation_id").is_null());
    CHECK(none.at("type") == "session.instructions.append");
    const auto some = boost::json::parse(live_append(LiveContext::commentary, "a", "dlg_1", "e"));
    CHECK(some.at("delegation_id") == "dlg_1");
    CHECK(some.at("event_id") == "e");
  }
}

TEST_SUITE("event_type") {
  TEST_CASE("finds the type wherever it stands at the top level") {
    CHECK(event_type(R"({"type":"a.b"})") == "a.b");
    CHECK(event_type(R"( { "x" : {"type":"no","y":["}",{}]}, "type" : "yes" } )") == "yes");
    CHECK(event_type(R"({"delta":"say \"type\":\"no\" \\","type":"yes"})") == "yes");
    CHECK(event_type(R"({"n":1.5e3,"b":true,"type":"yes")") == "yes");
  }

  TEST_CASE("finds nothing in what is no such object") {
    for (const char* odd : {"", "{", "[]", R"({"type":3})", R"({"type":"a)", R"({"type":"a\n"})",
                            R"({"x":"y"})", R"({"x":{"type":"no"}})", R"({"x")", R"({"x":)",
                            R"({"x":[[[)", "\"type\"", R"({"x":1,)"}) {
      CAPTURE(odd);
      CHECK(event_type(odd).empty());
    }
  }

  TEST_CASE("reflected sound is recognised") {
    CHECK(carries_audio("session.output_audio.delta"));
    CHECK_FALSE(carries_audio("session.output_transcript.delta"));
  }
}
