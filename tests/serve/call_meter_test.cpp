#include "serve/call_meter.hpp"

#include <doctest/doctest.h>

#include "openai/event_type.hpp"

namespace openai = offhook::openai;
using namespace offhook::serve;

namespace {

struct Meter {
  void received(const char* json, double at_ms) {
    meter.on_message("received", openai::event_type(json), json, at_ms);
  }
  void sent(const char* json, double at_ms) {
    meter.on_message("sent", openai::event_type(json), json, at_ms);
  }
  void mark(const char* source, const char* name, double at_ms, boost::json::object detail = {}) {
    meter.on_mark({at_ms, source, name, std::move(detail)});
  }
  Metrics metrics;
  CallMeter meter{metrics};
};

}  // namespace

TEST_SUITE("call meter") {
  TEST_CASE("measures set-up and first sound from the accept, each once") {
    Meter call;
    call.mark("rest", "accept.sent", 100);
    CHECK(call.metrics.accept_s.sum() == doctest::Approx(0.1));
    call.received(R"({"type":"session.created"})", 350);
    call.received(R"({"type":"output_audio_buffer.started"})", 1'100);
    call.received(R"({"type":"session.created"})", 9'000);
    call.received(R"({"type":"output_audio_buffer.started"})", 9'500);
    CHECK(call.metrics.setup_s.count() == 1);
    CHECK(call.metrics.setup_s.sum() == doctest::Approx(0.25));
    CHECK(call.metrics.first_audio_s.count() == 1);
    CHECK(call.metrics.first_audio_s.sum() == doctest::Approx(1.0));
    CHECK(call.metrics.turn_s.count() == 0);
  }

  TEST_CASE("measures a turn from the end of the caller's words to the answer's sound") {
    Meter call;
    call.received(R"({"type":"input_audio_buffer.speech_stopped"})", 1'000);
    call.received(R"({"type":"output_audio_buffer.started"})", 1'400);
    call.received(R"({"type":"output_audio_buffer.started"})", 3'000);
    CHECK(call.metrics.turn_s.count() == 1);
    CHECK(call.metrics.turn_s.sum() == doctest::Approx(0.4));
  }

  TEST_CASE("a turn that the caller takes up again does not count") {
    Meter call;
    call.received(R"({"type":"input_audio_buffer.speech_stopped"})", 1'000);
    call.received(R"({"type":"input_audio_buffer.speech_started"})", 1'200);
    call.received(R"({"type":"output_audio_buffer.started"})", 1'400);
    CHECK(call.metrics.turn_s.count() == 0);
  }

  TEST_CASE("measures tools from the function call to its output") {
    Meter call;
    call.received(R"({"type":"response.function_call_arguments.done","call_id":"c1"})", 100);
    call.sent(R"({"type":"conversation.item.create","item":{"type":"message"}})", 200);
    call.sent(
        R"({"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"c1"}})",
        850);
    CHECK(call.metrics.tool_s.count() == 1);
    CHECK(call.metrics.tool_s.sum() == doctest::Approx(0.75));
  }

  TEST_CASE("measures tools of a Live call: of its Responses model, and of a delegation to us") {
    Meter call;
    call.mark("tool", "called", 100, {{"tool", "find_order"}, {"function_call_id", "c1"}});
    call.mark("tool", "called", 100, {{"tool", "delegate"}, {"function_call_id", "d1"}});
    call.sent(R"({"type":"session.commentary.append","content":"?","delegation_id":null})", 200);
    call.sent(
        R"({"type":"response.item.create","item":{"type":"function_call_output","call_id":"c1"}})",
        350);
    call.sent(R"({"type":"session.commentary.append","content":"!","delegation_id":"d1"})", 600);
    call.sent(R"({"type":"session.commentary.append","content":".","delegation_id":"d1"})", 900);
    CHECK(call.metrics.tool_s.count() == 2);
    CHECK(call.metrics.tool_s.sum() == doctest::Approx(0.75));
  }

  TEST_CASE("a Realtime tool counts once, from the model's call on") {
    Meter call;
    call.received(R"({"type":"response.function_call_arguments.done","call_id":"c1"})", 100);
    call.mark("tool", "called", 150, {{"function_call_id", "c1"}});
    call.sent(
        R"({"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"c1"}})",
        850);
    CHECK(call.metrics.tool_s.count() == 1);
    CHECK(call.metrics.tool_s.sum() == doctest::Approx(0.75));
  }

  TEST_CASE("counts tools that fail, requests that fail and events that are none") {
    Meter call;
    call.mark("tool", "done", 1, {{"tool", "find_order"}, {"ms", 5}});
    call.mark("tool", "done", 2, {{"tool", "find_order"}, {"error", "500"}});
    call.mark("tool", "failed", 3, {{"error", "it was cut off"}});
    call.mark("rest", "hangup.failed", 4);
    call.mark("sideband", "malformed", 5, {{"error", "no JSON"}});
    call.mark("sideband", "send.failed", 6);
    CHECK(call.metrics.errors.of("tool.failed") == 2);
    CHECK(call.metrics.errors.of("rest.hangup.failed") == 1);
    CHECK(call.metrics.errors.of("sideband.malformed") == 1);
    CHECK(call.metrics.errors.of("sideband.send.failed") == 1);
    call.mark("sideband", "response.mcp_call.failed", 7);
    CHECK(call.metrics.errors.of("sideband.response.mcp_call.failed") == 1);
  }

  TEST_CASE("counts drops of the sideband, but not the one that is the end of the call") {
    Meter call;
    call.mark("sideband", "attached", 1);
    call.mark("sideband", "dropped", 2);
    call.mark("sideband", "attach.failed", 3);
    call.mark("sideband", "attached.again", 4);
    call.mark("sideband", "dropped", 5);
    call.mark("sideband", "attach.failed", 6);
    call.meter.on_end(false);
    CHECK(call.metrics.errors.of("sideband.dropped") == 1);
    CHECK(call.metrics.errors.of("sideband.attach.failed") == 1);
    call.mark("sideband", "dropped", 7);
    call.meter.on_end(true);
    CHECK(call.metrics.errors.of("sideband.dropped") == 2);
  }

  TEST_CASE("counts errors of the API by code") {
    Meter call;
    call.received(R"({"type":"error","error":{"code":"session_expired"}})", 1);
    call.received(R"({"type":"error","error":{}})", 2);
    CHECK(call.metrics.errors.of("session_expired") == 1);
    CHECK(call.metrics.errors.of("api_error") == 1);
  }
}
