#include <chrono>
#include <string>
#include <vector>

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "session_probe.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;
using Types = std::vector<std::string>;

constexpr const char* two_at_once = R"(
rules:
  - hears: status
    say: One moment.
    calls:
      - {call: get_order, arguments: {id: "7"}}
      - {call: get_weather}
otherwise: Pardon?
)";

SessionProbe desk(std::string_view accept = R"({"type":"realtime"})") {
  SessionProbe probe{accept, Persona{parse_persona(two_at_once, "desk.yaml").value(), {}}};
  probe.client(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
                   "content":[{"type":"input_text","text":"the status please"}]}})");
  probe.client(R"({"type":"response.create"})");
  return probe;
}

/// Types of the items of the last response.done, and their statuses.
Types items(const SessionProbe& probe) {
  Types all;
  const auto done = probe.last("response.done");
  for (const auto& item : json_at(done, "response.output")->as_array()) {
    all.push_back(std::string{json_string(item, "type")} + ' ' +
                  std::string{json_string(item, "status")});
  }
  return all;
}

void answer(SessionProbe& probe, const std::string& call_id, const std::string& output) {
  const boost::json::object item{
      {"type", "function_call_output"}, {"call_id", call_id}, {"output", output}};
  probe.client(boost::json::serialize(
      boost::json::object{{"type", "conversation.item.create"}, {"item", item}}));
}

TEST_SUITE("Items of a response") {
  TEST_CASE("words and two calls are three items of one response, one after the other") {
    SessionProbe probe = desk();
    probe.played(20);
    probe.pass(2s);
    CHECK(items(probe) ==
          Types{"message completed", "function_call completed", "function_call completed"});
    CHECK(probe.count("response.created") == 1);
    CHECK(probe.count("response.function_call_arguments.done") == 2);
    CHECK(path(probe.last("response.function_call_arguments.done"), "output_index") == "2");
    CHECK(path(probe.last("response.function_call_arguments.done"), "name") == R"("get_weather")");
    CHECK(probe.said == Types{"One moment."});
  }

  TEST_CASE("the outputs of parallel calls are put into one answer") {
    SessionProbe probe = desk();
    probe.played(20);
    probe.pass(2s);
    const auto done = probe.last("response.done");
    const auto& output = json_at(done, "response.output")->as_array();
    answer(probe, std::string{json_string(output[1], "call_id")}, R"({"order":"sent"})");
    answer(probe, std::string{json_string(output[2], "call_id")}, R"({"sky":"clear"})");
    probe.client(R"({"type":"response.create"})");
    CHECK(probe.said.back() == "The order is sent. The sky is clear.");
  }

  TEST_CASE("a session without parallel calls gets the first one only") {
    SessionProbe probe = desk(R"({"type":"realtime","parallel_tool_calls":false})");
    probe.played(20);
    probe.pass(2s);
    CHECK(items(probe) == Types{"message completed", "function_call completed"});
  }

  TEST_CASE("an interruption while a call is written leaves what came before whole") {
    SessionProbe probe = desk();
    probe.played(20);
    while (probe.count("response.output_item.added") < 2) {
      probe.pass(20ms);
    }
    probe.client(R"({"type":"response.cancel"})");
    CHECK(path(probe.last("response.done"), "response.status") == R"("cancelled")");
    CHECK(items(probe) == Types{"message completed", "function_call incomplete"});
  }
}

TEST_SUITE("max_output_tokens") {
  TEST_CASE("ends speech as incomplete, and what was generated is still heard") {
    SessionProbe probe{R"({"type":"realtime","max_output_tokens":20})",
                       {"This is an answer of many more words than twenty tokens can hold."}};
    probe.turn(500, 1'500);
    probe.played(20);
    probe.pass(3s);
    const auto done = probe.last("response.done");
    CHECK(path(done, "response.status") == R"("incomplete")");
    CHECK(path(done, "response.status_details") ==
          R"({"type":"incomplete","reason":"max_output_tokens"})");
    CHECK(json_int(done, "response.usage.output_tokens") <= 20);
    CHECK(items(probe) == Types{"message incomplete"});
    CHECK(probe.playable_ms > 0);
    CHECK(probe.cleared == 0);
    probe.played(probe.playable_ms);
    CHECK(probe.count("output_audio_buffer.stopped") == 1);
  }

  TEST_CASE("of one response goes before the session's") {
    SessionProbe probe{R"({"type":"realtime","output_modalities":["text"]})"};
    probe.client(R"({"type":"response.create","response":{"max_output_tokens":2,
                     "instructions":"Say one two three four five six."}})");
    probe.pass(1s);
    CHECK(path(probe.last("response.output_text.done"), "text") == R"("one two")");
    CHECK(path(probe.last("response.done"), "response.max_output_tokens") == "2");
    CHECK(path(probe.last("response.done"), "response.status") == R"("incomplete")");
  }

  TEST_CASE("cuts a call before its arguments are whole, so that nobody runs it") {
    SessionProbe probe{R"({"type":"realtime","max_output_tokens":3})",
                       {R"(call:look_up {"order_id":"4711-4712-4713"})"}};
    probe.turn(500, 1'500);
    probe.pass(1s);
    CHECK(probe.count("response.function_call_arguments.done") == 0);
    CHECK(items(probe) == Types{"function_call incomplete"});
  }

  TEST_CASE("of a response is checked as the session's is") {
    SessionProbe probe;
    probe.client(R"({"type":"response.create","response":{"max_output_tokens":0}})");
    CHECK(path(probe.last("error"), "error.param") == R"("response.max_output_tokens")");
  }
}

}  // namespace
}  // namespace offhook::sim
