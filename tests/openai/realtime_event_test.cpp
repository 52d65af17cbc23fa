#include "openai/realtime_event.hpp"

#include <string>
#include <string_view>
#include <variant>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

namespace json = boost::json;
using namespace offhook::openai;

namespace {

json::value parsed(std::string_view text) { return json::parse({text.data(), text.size()}); }

template <class T>
T read(std::string_view text) {
  const auto event = parse_realtime_event(text);
  REQUIRE(event);
  REQUIRE(std::holds_alternative<T>(*event));
  return std::get<T>(*event);
}

}  // namespace

TEST_SUITE("RealtimeEvent") {
  TEST_CASE("a response has its items, its metadata and what it used") {
    const auto done = read<RealtimeResponse>(R"({"type":"response.done","response":{"id":"r",
        "status":"cancelled","conversation_id":"c","metadata":{"k":"v"},"output":[
        {"id":"m","type":"message","role":"assistant","status":"incomplete",
         "content":[{"type":"output_audio","transcript":"On its"},{"type":"output_text","text":" way"}]},
        {"id":"f","type":"function_call","call_id":"c1","name":"find","arguments":"{}"}],
        "usage":{"input_token_details":{"text_tokens":5,"audio_tokens":7,"cached_tokens":3},
                 "output_token_details":{"text_tokens":2,"audio_tokens":11}}}})");
    CHECK(done.done);
    CHECK(done.id == "r");
    CHECK(done.status == "cancelled");
    CHECK(done.in_conversation);
    REQUIRE(done.metadata);
    CHECK(done.metadata->at("k") == "v");
    REQUIRE(done.output);
    REQUIRE(done.output->size() == 2);
    CHECK(done.output->at(0).words == "On its way");
    CHECK(done.output->at(0).status == "incomplete");
    CHECK(done.output->at(1).call_id == "c1");
    CHECK(done.output->at(1).name == "find");
    CHECK(done.output->at(1).arguments == "{}");
    CHECK(done.output->at(1).status == "completed");
    CHECK(done.usage.input_text == 5);
    CHECK(done.usage.input_audio == 7);
    CHECK(done.usage.cached == 3);
    CHECK(done.usage.output_text == 2);
    CHECK(done.usage.output_audio == 11);
    const auto aside = read<RealtimeResponse>(
        R"({"type":"response.created","response":{"conversation_id":null,"metadata":null}})");
    CHECK_FALSE(aside.done);
    CHECK_FALSE(aside.in_conversation);
    CHECK_FALSE(aside.metadata);
    CHECK_FALSE(aside.output);
  }

  TEST_CASE("an item names the one before it, and only what was spoken are words of the caller") {
    using Step = RealtimeItemEvent::Step;
    const auto added = read<RealtimeItemEvent>(
        R"({"type":"conversation.item.created","previous_item_id":"p","item":{"id":"u",
            "type":"message","role":"user","content":[{"type":"input_audio","transcript":"Hi"},
            {"type":"input_text","text":"The caller pressed 1."}]}})");
    CHECK(added.step == Step::added);
    CHECK(added.previous_item_id == "p");
    CHECK(added.item.id == "u");
    CHECK(added.item.words == "Hi");
    CHECK(added.item.has_input_audio);
    CHECK(read<RealtimeItemEvent>(R"({"type":"conversation.item.added"})").step == Step::added);
    CHECK(read<RealtimeItemEvent>(R"({"type":"conversation.item.retrieved"})").step ==
          Step::retrieved);
    const auto approval = read<RealtimeItemEvent>(R"({"type":"conversation.item.done","item":
        {"type":"mcp_approval_response","approval_request_id":"a","approve":true}})");
    CHECK(approval.step == Step::done);
    CHECK(approval.item.approve);
    CHECK(approval.item.approval_request_id == "a");
  }

  TEST_CASE("words of both sides, and that there are none") {
    using Step = RealtimeModelWords::Step;
    const auto delta = read<RealtimeModelWords>(
        R"({"type":"response.output_text.delta","item_id":"m","response_id":"r","delta":"a"})");
    CHECK(delta.step == Step::delta);
    CHECK(delta.text == "a");
    const auto spoken =
        read<RealtimeModelWords>(R"({"type":"response.output_audio_transcript.done"})");
    CHECK(spoken.step == Step::spoken);
    CHECK_FALSE(spoken.text);
    CHECK(read<RealtimeModelWords>(R"({"type":"response.output_text.done","text":"b"})").text ==
          "b");
    const auto caller = read<RealtimeCallerWords>(
        R"({"type":"conversation.item.input_audio_transcription.completed","item_id":"u"})");
    CHECK(caller.item_id == "u");
    CHECK(caller.transcript == "");
    CHECK_FALSE(read<RealtimeCallerWords>(
                    R"({"type":"conversation.item.input_audio_transcription.failed"})")
                    .transcript);
  }

  TEST_CASE("the caller's speech and keys, what is played, and errors") {
    CHECK(read<RealtimeSpeech>(R"({"type":"input_audio_buffer.speech_started","item_id":"u"})")
              .started);
    CHECK_FALSE(read<RealtimeSpeech>(R"({"type":"input_audio_buffer.speech_stopped"})").started);
    CHECK(read<RealtimeCommitted>(R"({"type":"input_audio_buffer.committed","item_id":"u"})")
              .item_id == "u");
    const auto key = [](const std::string& event) {
      return read<RealtimeDigit>(R"({"type":"input_audio_buffer.dtmf_event_received","event":)" +
                                 event + "}")
          .digit;
    };
    CHECK(key(R"("#")") == '#');
    CHECK(key(R"("12")") == '\0');
    CHECK(key("7") == '\0');
    CHECK(read<RealtimePlayback>(R"({"type":"output_audio_buffer.cleared","response_id":"r"})")
              .step == RealtimePlayback::Step::cleared);
    const auto error = read<RealtimeError>(
        R"({"type":"error","error":{"code":"x","message":"No.","event_id":"e"}})");
    CHECK(error.code == "x");
    CHECK(error.event_id == "e");
    CHECK(read<RealtimeMcpCall>(R"({"type":"response.mcp_call.failed","item_id":"i"})").returned);
    CHECK(read<RealtimeTruncated>(R"({"type":"conversation.item.truncated","item_id":"m"})")
              .item_id == "m");
  }

  TEST_CASE("unknown types pass, and fields of the wrong kind are empty") {
    CHECK(read<RealtimeOther>(R"({"type":"tea.ready","cups":[1,2]})").type == "tea.ready");
    CHECK(read<RealtimeOther>(R"({"type":"output_audio_buffer.new"})").type ==
          "output_audio_buffer.new");
    const auto response = read<RealtimeResponse>(R"({"type":"response.done","response":{"id":7,
        "status":[],"metadata":3,"output":{},"usage":{"input_token_details":{"text_tokens":-9}}}})");
    CHECK(response.id.empty());
    CHECK(response.status == "completed");
    CHECK_FALSE(response.metadata);
    CHECK_FALSE(response.output);
    CHECK(response.usage.input_text == 0);
    CHECK(read<RealtimeResponse>(R"({"type":"response.done","response":[]})").in_conversation);
    const auto items = read<RealtimeResponse>(
        R"({"type":"response.done","response":{"output":[7,null,{"content":[3,{"text":{}}]}]}})");
    REQUIRE(items.output);
    CHECK(items.output->size() == 3);
    CHECK(
        read<RealtimeItemEvent>(R"({"type":"conversation.item.added","item":3})").item.id.empty());
    CHECK(read<RealtimeError>(R"({"type":"error","error":{"code":7,"event_id":{}}})").code.empty());
  }

  TEST_CASE("what is no event is refused") {
    for (const char* text : {"[]", "{", R"({"type":3})"}) {
      CAPTURE(text);
      CHECK(parse_realtime_event(text).error().code == offhook::Errc::malformed_message);
    }
  }
}

TEST_SUITE("client event") {
  TEST_CASE("response.create carries instructions only when there are some") {
    CHECK(parsed(response_create("Say \"Hi.\"")) ==
          parsed(R"({"type":"response.create","response":{"instructions":"Say \"Hi.\""}})"));
    CHECK(parsed(response_create()) == parsed(R"({"type":"response.create"})"));
  }

  TEST_CASE("interrupting is two events") {
    CHECK(parsed(response_cancel()) == parsed(R"({"type":"response.cancel"})"));
    CHECK(parsed(output_audio_buffer_clear()) == parsed(R"({"type":"output_audio_buffer.clear"})"));
  }

  TEST_CASE("a tool's output names the call it belongs to") {
    CHECK(parsed(function_call_output("call_1", R"({"ok":true})")) ==
          parsed(R"({"type":"conversation.item.create","item":{"type":"function_call_output",
                     "call_id":"call_1","output":"{\"ok\":true}"}})"));
  }

  TEST_CASE("a message of the user is one item of text") {
    CHECK(parsed(user_message("Hello")) ==
          parsed(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
                     "content":[{"type":"input_text","text":"Hello"}]}})"));
  }
}
