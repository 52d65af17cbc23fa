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
  Metrics metrics;
  CallMeter meter{metrics};
};

}  // namespace

TEST_SUITE("call meter") {
  TEST_CASE("measures set-up and first sound from the accept, each once") {
    Meter call;
    call.meter.on_accept_sent(100);
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

  TEST_CASE("counts errors of the API by code") {
    Meter call;
    call.received(R"({"type":"error","error":{"code":"session_expired"}})", 1);
    call.received(R"({"type":"error","error":{}})", 2);
    CHECK(call.metrics.errors.of("session_expired") == 1);
    CHECK(call.metrics.errors.of("api_error") == 1);
  }
}
