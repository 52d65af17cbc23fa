#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "base/base64.hpp"
#include "live_probe.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;
using Types = std::vector<std::string>;

constexpr std::string_view with_tools = R"({"model":"gpt-live-1","delegation":{"type":"responses",
    "responses":{"model":"gpt-5.4","tools":[{"type":"function","name":"lookup_order"}]}}})";
constexpr std::string_view with_decisions = R"({"model":"gpt-live-1","delegation":
    {"type":"decisions","decisions":{"model":"d1","questions":[
      {"type":"choice","name":"mood","instructions":"?","choices":[{"value":"good"},{"value":"bad"}]},
      {"type":"predicate","instructions":"?"},
      {"type":"score","instructions":"?","levels":[{"label":"low"},{"label":"high"}]}]}}})";

std::string text_at(const boost::json::value& value, std::string_view where) {
  const auto* const found = json_at(value, where);
  return found == nullptr ? "(none)" : boost::json::serialize(*found);
}

std::string append(std::string_view kind,
                   std::string_view content,
                   std::string_view delegation = "null") {
  return R"({"type":"session.)" + std::string{kind} + R"(.append","event_id":"c1","content":")" +
         std::string{content} + R"(","delegation_id":)" + std::string{delegation} + "}";
}

std::string fixture(std::size_t samples) {
  return R"({"type":"session.output_audio.fixture.play","event_id":"f1","audio":")" +
         base64_encode(std::vector<std::uint8_t>(samples * 2, 1)) + R"("})";
}

TEST_SUITE("Live session") {
  TEST_CASE("shows its resolved settings when it started") {
    LiveProbe probe{R"({"model":"gpt-live-1","instructions":"Be kind."})"};
    const auto greeting = probe.session().greeting({});
    REQUIRE(greeting.size() == 1);
    const boost::json::value started = greeting[0];
    CHECK(json_string(started, "type") == "session.started");
    CHECK(json_string(started, "session.id") == "live_u1_1");
    CHECK(json_string(started, "session.status") == "active");
    CHECK(json_int(started, "session.expires_at") == 1'795'309'200);
    CHECK(json_string(started, "session.instructions") == "Be kind.");
    CHECK(json_string(started, "session.delegation.type") == "client");
    CHECK(json_string(started, "session.audio.output.voice") == "marin");
    CHECK(json_at(started, "session.type") == nullptr);
  }

  TEST_CASE("does not speak first, and greets when it is told anything") {
    LiveProbe probe;
    probe.pass(2s);
    CHECK(probe.said.empty());
    probe.client(append("instructions", "Greet the caller."));
    CHECK(probe.said.size() == 1);
    probe.client(append("instructions", "Be brief from now on."));
    CHECK(probe.said.size() == 1);
  }

  TEST_CASE("acknowledges context on its time line") {
    LiveProbe probe;
    probe.pass(400ms);
    for (const std::string kind : {"instructions", "thinking", "commentary"}) {
      CAPTURE(kind);
      probe.client(append(kind, "Say hello."));
      const auto event = probe.last("session." + kind + ".appended");
      CHECK(text_at(event, "start_ms") == "400");
      CHECK(text_at(event, "end_ms") == "400");
      CHECK(json_string(event, "client_event_id") == "c1");
    }
    CHECK(probe.said == Types{"hello.", "hello."});  // thoughts are silent
  }

  TEST_CASE("transcribes words when they are heard") {
    LiveProbe probe;
    probe.pass(1s);
    probe.client(append("commentary", "One two three"));
    probe.pass(320ms);
    CHECK(probe.transcript("session.output_transcript.delta") == "One two");
    const auto second = probe.last("session.output_transcript.delta");
    CHECK(text_at(second, "start_ms") == "1300");
    CHECK(text_at(second, "end_ms") == "1600");
    probe.pass(2s);
    CHECK(probe.transcript("session.output_transcript.delta") == "One two three");
  }

  TEST_CASE("stops when the caller speaks, transcribes the turn over its time and answers") {
    LiveProbe probe;
    probe.client(append("commentary", "One two three four five six"));
    probe.pass(500ms);
    probe.turn(200, 1'200);
    CHECK(probe.cleared == 1);
    CHECK(probe.transcript("session.input_transcript.delta") == "hello there");
    const auto last = probe.last("session.input_transcript.delta");
    CHECK(text_at(last, "start_ms") == "700");
    CHECK(text_at(last, "end_ms") == "1200");
    CHECK(probe.said.back() == "One two.");
    probe.pass(2s);
    CHECK(probe.transcript("session.output_transcript.delta") == "One two One two.");
  }

  TEST_CASE("changes delegation and triggers only") {
    LiveProbe probe{with_tools};
    probe.client(R"({"type":"session.update","event_id":"u","session":{"delegation":
        {"type":"responses","acknowledgement_delay_ms":250,"responses":{"instructions":"x"}}}})");
    const auto updated = probe.last("session.updated");
    CHECK(json_string(updated, "client_event_id") == "u");
    CHECK(json_string(updated, "session.delegation.responses.instructions") == "x");
    CHECK(json_string(updated, "session.delegation.responses.model") == "gpt-5.4");
    CHECK(json_int(updated, "session.delegation.acknowledgement_delay_ms") == 250);
    probe.client(R"({"type":"session.update","event_id":"v","session":{"instructions":"No."}})");
    CHECK(probe.error() == "immutable_field_update session.instructions");
    CHECK(json_string(probe.last("error"), "error.client_event_id") == "v");
    CHECK(json_string(probe.last("error"), "error.type") == "invalid_request_error");
    probe.client(R"({"type":"session.update","session":{"delegation":{"type":"client"}}})");
    CHECK(probe.error() == "immutable_field_update session.delegation.type");
    probe.client(R"({"type":"session.update","session":{"colour":1}})");
    CHECK(probe.error() == "unknown_parameter session.colour");
  }

  TEST_CASE("refuses what is no event of a sideband") {
    LiveProbe probe;
    struct Wrong {
      std::string_view event;
      std::string_view error;
    };
    for (const auto& [event, error] :
         {Wrong{"nonsense", "invalid_json "}, Wrong{"{}", "missing_required_parameter type"},
          Wrong{R"({"type":"session.dance"})", "invalid_value type"},
          Wrong{R"({"type":"session.start","session":{}})", "unsupported_event type"},
          Wrong{R"({"type":"session.input_audio.append","audio":""})", "unsupported_event type"},
          Wrong{R"({"type":"session.close","why":1})", "unknown_parameter why"},
          Wrong{R"({"type":"session.update"})", "missing_required_parameter session"},
          Wrong{R"({"type":"session.thinking.append","content":"a"})",
                "missing_required_parameter delegation_id"},
          Wrong{R"({"type":"session.thinking.append","content":"a","delegation_id":"x"})",
                "invalid_value delegation_id"},
          Wrong{R"({"type":"session.thinking.append","content":"","delegation_id":null})",
                "invalid_value content"},
          Wrong{R"({"type":"transport.dtmf.send","event":"12"})", "invalid_value event"},
          Wrong{R"({"type":"session.output_audio.fixture.play","audio":"AAA"})",
                "invalid_value audio"},
          Wrong{R"({"type":"response.create"})", "invalid_value type"},
          Wrong{R"({"type":"decision.create","event_id":"e"})", "invalid_value type"}}) {
      CAPTURE(event);
      probe.events.clear();
      probe.client(event);
      CHECK(probe.error() == error);
      CHECK(probe.events.size() == 1);
    }
  }

  TEST_CASE("hears nothing while muted") {
    LiveProbe probe;
    probe.client(R"({"type":"session.input_audio.mute","event_id":"m"})");
    CHECK_FALSE(probe.session().listening());
    CHECK(json_string(probe.last("session.input_audio.muted"), "client_event_id") == "m");
    probe.client(R"({"type":"session.input_audio.unmute"})");
    CHECK(probe.session().listening());
    CHECK(json_at(probe.last("session.input_audio.unmuted"), "client_event_id") == nullptr);
  }

  TEST_CASE("plays one fixture at a time, deaf and refusing context meanwhile") {
    LiveProbe probe;
    probe.client(append("commentary", "One two three four"));
    probe.client(fixture(24 * 100));
    CHECK(probe.cleared == 1);
    CHECK(probe.fixture_samples == 2'400);
    CHECK(json_string(probe.last("session.output_audio.fixture.playing"), "client_event_id") ==
          "f1");
    CHECK_FALSE(probe.session().listening());
    probe.client(fixture(24));
    CHECK(probe.error() == "audio_fixture_active ");
    probe.client(append("thinking", "Hm."));
    CHECK(probe.error() == "audio_fixture_active ");
    probe.pass(200ms);
    CHECK(json_string(probe.last("session.output_audio.fixture.played"), "client_event_id") ==
          "f1");
    CHECK(probe.session().listening());
    probe.client(fixture(24 * 30'001));
    CHECK(probe.error() == "invalid_value audio");
  }

  TEST_CASE("digits are confirmed in order, or refused") {
    LiveProbe probe;
    probe.client(R"({"type":"transport.dtmf.send","event_id":"a","event":"1"})");
    probe.client(R"({"type":"transport.dtmf.send","event_id":"b","event":"#"})");
    CHECK(probe.digits == "1#");
    probe.change([](LiveSession& s, Time now) { s.on_digit_sent('1', now); });
    CHECK(json_string(probe.last("transport.dtmf.sent"), "client_event_id") == "a");
    probe.change([](LiveSession& s, Time now) { s.on_digit_failed("no telephone-event", now); });
    CHECK(json_string(probe.last("error"), "error.client_event_id") == "b");
    probe.change([](LiveSession& s, Time now) { s.on_digit('7', now); });
    CHECK(json_string(probe.last("transport.dtmf.received"), "event") == "7");
  }

  TEST_CASE("tells its use from time to time") {
    LiveProbe probe;
    probe.pass(10s);
    CHECK(json_at(probe.last("session.usage.updated"), "usage.seconds")->to_number<double>() == 10);
    CHECK(json_at(probe.last("session.usage.updated"), "context_window.usage_ratio")
              ->to_number<double>() > 0);
  }

  TEST_CASE("tells late observers the last three seconds again") {
    LiveProbe probe;
    probe.client(append("thinking", "Old."));
    probe.pass(2s);
    probe.client(append("thinking", "New."));
    probe.pass(1'500ms);
    const auto greeting = probe.session().greeting(Time{} + 3'500ms);
    REQUIRE(greeting.size() == 2);
    CHECK(greeting[1] == probe.last("session.thinking.appended"));
  }

  TEST_CASE("ends once, for the reason that came first") {
    LiveProbe probe;
    SUBCASE("closed by the controller") {
      probe.client(R"({"type":"session.close"})");
      CHECK(probe.ended);
      CHECK(json_string(probe.last("session.closed"), "reason") == "close_requested");
    }
    SUBCASE("expired") {
      probe.change([](LiveSession& s, Time now) { s.on_time(now + 3'600s); });
      CHECK(probe.ended);
      CHECK(json_string(probe.last("session.closed"), "reason") == "expired");
    }
    SUBCASE("expired, counted from the answer of an outbound call") {
      probe.pass(1s);
      probe.change([](LiveSession& s, Time now) { s.on_answered(now); });
      probe.change([](LiveSession& s, Time now) { s.on_time(now + 3'599s); });
      CHECK_FALSE(probe.ended);
      probe.change([](LiveSession& s, Time now) { s.on_time(now + 3'600s); });
      CHECK(probe.ended);
      CHECK(json_string(probe.last("session.closed"), "reason") == "expired");
    }
    const std::size_t count = probe.events.size();
    probe.change([](LiveSession& s, Time now) { s.on_call_end(CallEnd::remote, now); });
    probe.client(append("thinking", "Hm."));
    CHECK(probe.events.size() == count);
  }
}

TEST_SUITE("Live delegation") {
  TEST_CASE("the client is told, asks for patience once, and its answer is spoken") {
    LiveProbe probe{
        R"({"model":"m","delegation":{"type":"client","acknowledgement_delay_ms":300}})",
        {"call:anything"}};
    probe.turn(0, 500);
    const auto created = probe.last("session.delegation.created");
    CHECK(json_string(created, "delegation.type") == "delegation");
    CHECK(json_string(created, "delegation.target") == "client");
    CHECK(json_at(created, "delegation.response_id") == nullptr);
    CHECK(json_int(created, "offset_ms") == 0);
    const std::string id = text_at(created, "delegation.id");
    CHECK(probe.said.empty());
    probe.pass(300ms);
    CHECK(probe.said == Types{"One moment, please."});
    probe.pass(2s);
    probe.client(append("commentary", "It has arrived.", id));
    CHECK(probe.said.back() == "It has arrived.");
  }

  TEST_CASE("an answer in time takes the request for patience away") {
    LiveProbe probe{
        R"({"model":"m","delegation":{"type":"client","acknowledgement_delay_ms":300}})",
        {"call:anything"}};
    probe.turn(0, 500);
    probe.client(append("thinking", "Looking."));
    probe.pass(1s);
    CHECK(probe.said.empty());
  }

  TEST_CASE("a delay beyond all times is never over") {
    LiveProbe probe{
        R"({"model":"m","delegation":{"type":"client","acknowledgement_delay_ms":9223372036854775807}})",
        {"call:anything"}};
    probe.turn(0, 500);
    CHECK(probe.last("session.delegation.created") != boost::json::value());
    probe.pass(10s);
    CHECK(probe.said.empty());
  }

  TEST_CASE("a Responses model calls its tool, waits for the output and answers") {
    LiveProbe probe{with_tools, {R"(call:lookup_order {"id":"4711"})"}};
    probe.turn(0, 500);
    const auto created = probe.last("session.delegation.created");
    CHECK(json_string(created, "delegation.target") == "responses");
    Types nested;
    std::string call_id;
    for (const auto& event : probe.events) {
      if (json_string(event, "type") == "response.event") {
        CHECK(text_at(event, "delegation_id") == text_at(created, "delegation.id"));
        nested.emplace_back(json_string(event, "event.type"));
        if (nested.back() == "response.output_item.done") {
          call_id = json_string(event, "event.item.call_id");
          CHECK(json_string(event, "event.item.arguments") == R"({"id":"4711"})");
        }
        if (nested.back() == "response.created") {
          CHECK(text_at(event, "event.response.id") == text_at(created, "delegation.response_id"));
        }
      }
    }
    CHECK(nested == Types{"response.created", "response.in_progress", "response.output_item.added",
                          "response.function_call_arguments.delta",
                          "response.function_call_arguments.done", "response.output_item.done",
                          "response.completed"});
    probe.client(R"({"type":"response.create"})");
    CHECK(probe.error() == "missing_tool_output ");
    probe.client(R"({"type":"response.item.create","item":{"type":"function_call_output",
        "call_id":"other","output":"x"}})");
    CHECK(probe.error() == "invalid_value item.call_id");
    probe.client(R"({"type":"response.item.create","item":{"type":"function_call_output",
        "call_id":")" +
                 call_id + R"(","output":"It was shipped."}})");
    probe.client(R"({"type":"response.create"})");
    CHECK(json_string(probe.last("response.event"), "event.type") == "response.completed");
    CHECK(probe.said.back() == "It was shipped.");
    probe.client(append("commentary", "x", text_at(created, "delegation.id")));
    CHECK(probe.error() == "invalid_value delegation_id");
  }

  TEST_CASE("a Decision model answers its questions") {
    LiveProbe probe{with_decisions, {"call:anything"}};
    probe.turn(0, 500);
    const auto event = probe.last("decision.event");
    CHECK(json_string(event, "event.type") == "decision.completed");
    CHECK(text_at(event, "delegation_id") ==
          text_at(probe.last("session.delegation.created"), "delegation.id"));
    const auto& answers = json_at(event, "event.decision.answers")->as_array();
    REQUIRE(answers.size() == 3);
    CHECK(json_string(answers[0], "choice") == "good");
    CHECK(json_string(answers[0], "name") == "mood");
    CHECK(json_string(answers[1], "type") == "predicate");
    CHECK(json_int(answers[2], "score") == 0);

    probe.client(R"({"type":"decision.item.create","event_id":"i","item":
        {"type":"message","role":"user","content":"Hello"}})");
    const auto item = probe.last("decision.item.created");
    CHECK(json_string(item, "client_event_id") == "i");
    probe.client(R"({"type":"decision.item.delete","item_id":)" + text_at(item, "item.id") + "}");
    CHECK(text_at(probe.last("decision.item.deleted"), "item_id") == text_at(item, "item.id"));
    probe.client(R"({"type":"decision.create","event_id":"once"})");
    CHECK(text_at(probe.last("decision.event"), "delegation_id") == "null");
    probe.client(R"({"type":"decision.create","event_id":"once"})");
    CHECK(probe.error() == "invalid_value event_id");
  }
}

}  // namespace
}  // namespace offhook::sim
