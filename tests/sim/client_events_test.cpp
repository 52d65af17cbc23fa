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

TEST_SUITE("Client events") {
  TEST_CASE("session.created shows the effective session, its id and its end") {
    SessionProbe probe{R"({"type":"realtime","model":"gpt-realtime-2.1","instructions":"Hi."})"};
    const boost::json::value event = probe.session().session_created();
    CHECK(path(event, "type") == R"("session.created")");
    CHECK(json_string(event, "session.id").starts_with("sess_"));
    CHECK(path(event, "session.expires_at") == "1795309200");
    CHECK(path(event, "session.model") == R"("gpt-realtime-2.1")");
    CHECK(path(event, "session.audio.input.format.type") == R"("audio/pcmu")");
    CHECK(path(event, "session.audio.output.voice") == R"("marin")");
  }

  TEST_CASE("nonsense is answered by an error and the session goes on") {
    SessionProbe probe;
    struct Example {
      std::string_view text;
      std::string_view code;
    };
    for (const auto& [text, code] : {
             Example{"", "invalid_event"},
             Example{"{", "invalid_event"},
             Example{"[]", "invalid_event"},
             Example{"{}", "missing_required_parameter"},
             Example{R"({"type":7})", "missing_required_parameter"},
             Example{R"({"type":"dance"})", "invalid_value"},
             Example{R"({"type":"session.update"})", "missing_required_parameter"},
             Example{R"({"type":"session.update","session":{}})", "missing_required_parameter"},
             Example{R"({"type":"session.update","session":{"type":"realtime","x":1}})",
                     "unknown_parameter"},
             Example{R"({"type":"response.create","response":7})", "invalid_value"},
             Example{R"({"type":"conversation.item.create"})", "missing_required_parameter"},
             Example{R"({"type":"conversation.item.create","item":{"type":"song"}})",
                     "invalid_value"},
             Example{R"({"type":"conversation.item.create","item":{"type":"message"}})",
                     "invalid_value"},
             Example{R"({"type":"conversation.item.delete"})", "missing_required_parameter"},
             Example{R"({"type":"conversation.item.delete","item_id":"nobody"})", "invalid_value"},
             Example{R"({"type":"conversation.item.retrieve","item_id":"nobody"})",
                     "invalid_value"},
             Example{R"({"type":"conversation.item.truncate","item_id":"nobody",
                         "content_index":0,"audio_end_ms":0})",
                     "invalid_value"},
             Example{R"({"type":"input_audio_buffer.append","audio":"AAAA"})", "invalid_event"},
             Example{R"({"type":"input_audio_buffer.commit"})", "input_audio_buffer_commit_empty"},
         }) {
      CAPTURE(text);
      probe.skip();
      probe.client(text);
      CHECK(probe.types() == Types{"error"});
      CHECK(json_string(probe.last("error"), "error.code") == code);
      CHECK(json_string(probe.last("error"), "error.type") == "invalid_request_error");
    }
    probe.client(R"({"type":"response.create"})");
    CHECK(probe.count("response.created") == 1);
  }

  TEST_CASE("an error names the client's event") {
    SessionProbe probe;
    probe.client(R"({"type":"dance","event_id":"my-17"})");
    CHECK(path(probe.last("error"), "error.event_id") == R"("my-17")");
    probe.client(R"({"type":"dance"})");
    CHECK(path(probe.last("error"), "error.event_id") == "null");
  }

  TEST_CASE("session.update is confirmed with the whole session and reaches the ears") {
    SessionProbe probe;
    probe.client(R"({"type":"session.update","session":{"type":"realtime",
        "audio":{"input":{"turn_detection":{"type":"server_vad","threshold":0.9}}}}})");
    CHECK(probe.types() == Types{"session.updated"});
    CHECK(path(probe.last("session.updated"), "session.audio.output.voice") == R"("marin")");
    CHECK(probe.turns_changed == 1);
    REQUIRE(probe.session().turns());
    CHECK(probe.session().turns()->threshold == doctest::Approx(0.9));
    probe.client(R"({"type":"session.update","session":{"type":"realtime",
        "audio":{"input":{"turn_detection":null}}}})");
    CHECK_FALSE(probe.session().turns());
  }

  TEST_CASE("the voice is fixed by the first sound, not before") {
    SessionProbe probe;
    probe.client(R"({"type":"session.update","session":{"type":"realtime",
        "audio":{"output":{"voice":"ash"}}}})");
    CHECK(probe.count("session.updated") == 1);
    probe.client(R"({"type":"response.create"})");
    probe.client(R"({"type":"session.update","session":{"type":"realtime",
        "audio":{"output":{"voice":"coral"}}}})");
    CHECK(probe.count("session.updated") == 1);
    CHECK(path(probe.last("error"), "error.code") == R"("cannot_update_voice")");
  }

  TEST_CASE("items are created where they are wanted, and deleted") {
    SessionProbe probe;
    const auto create = [&](std::string_view id, std::string_view extra) {
      probe.client(R"({"type":"conversation.item.create","item":{"id":")" + std::string{id} +
                   R"(","type":"message","role":"user","content":
                      [{"type":"input_text","text":"x"}]})" +
                   std::string{extra} + "}");
    };
    create("a", "");
    CHECK(probe.types() == Types{"conversation.item.added", "conversation.item.done"});
    CHECK(path(probe.last("conversation.item.done"), "item.status") == R"("completed")");
    CHECK(path(probe.last("conversation.item.done"), "item.object") == R"("realtime.item")");
    create("c", "");
    CHECK(path(probe.last("conversation.item.added"), "previous_item_id") == R"("a")");
    create("b", R"(,"previous_item_id":"a")");
    CHECK(path(probe.last("conversation.item.added"), "previous_item_id") == R"("a")");
    create("front", R"(,"previous_item_id":"root")");
    CHECK(path(probe.last("conversation.item.added"), "previous_item_id") == "null");
    probe.skip();
    create("d", R"(,"previous_item_id":"nobody")");
    create("a", "");
    CHECK(probe.types() == Types{"error", "error"});
    std::string order;
    for (const Item& item : probe.session().conversation().items()) {
      order += std::string{item.id()} + " ";
    }
    CHECK(order == "front a b c ");
    probe.client(R"({"type":"conversation.item.delete","item_id":"b"})");
    CHECK(path(probe.last("conversation.item.deleted"), "item_id") == R"("b")");
    CHECK(probe.session().conversation().items().size() == 3);
  }

  TEST_CASE("assistant audio cannot be made up") {
    SessionProbe probe;
    probe.client(R"({"type":"conversation.item.create","item":{"type":"message",
        "role":"assistant","content":[{"type":"output_audio","transcript":"I said so"}]}})");
    CHECK(path(probe.last("error"), "error.param") == R"("item.content[0].type")");
    probe.client(R"({"type":"conversation.item.create","item":{"type":"message",
        "role":"assistant","content":[{"type":"output_text","text":"I said so"}]}})");
    CHECK(probe.count("conversation.item.done") == 1);
  }

  TEST_CASE("an item is retrieved with the transcript of the caller") {
    SessionProbe probe;
    probe.turn(800, 2'000);
    const std::string id{json_string(probe.last("input_audio_buffer.committed"), "item_id")};
    probe.client(R"({"type":"conversation.item.retrieve","item_id":")" + id + R"("})");
    CHECK(probe.retrieved == std::vector<std::string>{std::string{id}});
    CHECK(boost::json::serialize(
              *json_at(probe.last("conversation.item.retrieved"), "item.content")) ==
          R"([{"type":"input_audio","transcript":"hello there"}])");
  }

  TEST_CASE("an item with sound is truncated, but not beyond its end") {
    SessionProbe probe;
    probe.client(R"({"type":"response.create","response":{"instructions":"Say one two."}})");
    probe.pass(1s);
    const std::string id{json_string(probe.last("response.output_item.done"), "item.id")};
    const auto truncate = [&](int ms) {
      probe.client(R"({"type":"conversation.item.truncate","item_id":")" + id +
                   R"(","content_index":0,"audio_end_ms":)" + std::to_string(ms) + "}");
    };
    truncate(601);
    CHECK(path(probe.last("error"), "error.message") ==
          R"("Audio content of 600ms is already shorter than 601ms")");
    truncate(300);
    CHECK(path(probe.last("conversation.item.truncated"), "audio_end_ms") == "300");
  }

  TEST_CASE("push to talk: the controller commits and clears what was heard") {
    SessionProbe probe{R"({"type":"realtime","audio":{"input":{"turn_detection":null}}})"};
    probe.listen(1'000);
    probe.client(R"({"type":"input_audio_buffer.commit"})");
    CHECK(probe.types() == Types{"input_audio_buffer.committed", "conversation.item.added",
                                 "conversation.item.done"});
    probe.listen(1'050);
    probe.client(R"({"type":"input_audio_buffer.commit"})");
    CHECK(path(probe.last("error"), "error.code") == R"("input_audio_buffer_commit_empty")");
    probe.listen(3'000);
    probe.client(R"({"type":"input_audio_buffer.clear"})");
    CHECK(probe.count("input_audio_buffer.cleared") == 1);
    probe.skip();
    probe.client(R"({"type":"input_audio_buffer.commit"})");
    CHECK(probe.types() == Types{"error"});
    CHECK(probe.count("response.created") == 0);
  }

  TEST_CASE("an item deleted while it is spoken does not come back") {
    SessionProbe probe;
    probe.hold_speech = true;
    probe.client(R"({"type":"response.create"})");
    const std::string id{json_string(probe.last("response.output_item.added"), "item.id")};
    probe.client(R"({"type":"conversation.item.delete","item_id":")" + id + R"("})");
    probe.speak();
    probe.pass(1s);
    CHECK(probe.session().conversation().items().empty());
    CHECK(probe.count("response.done") == 1);
  }

  TEST_CASE("after 60 minutes the session says so and ends") {
    SessionProbe probe;
    probe.session().on_time(probe.now() + 59min + 59s);
    CHECK_FALSE(probe.ended);
    probe.pass(20ms);
    CHECK(probe.events.empty());
    probe.session().on_time(probe.now() + 60min);
    probe.client(R"({"type":"response.create"})");
    CHECK(probe.types() == Types{"error"});
    CHECK(boost::json::serialize(probe.last("error").at("error")) ==
          R"({"type":"invalid_request_error","code":"session_expired",)"
          R"("message":"Your session hit the maximum duration of 60 minutes.",)"
          R"("param":null,"event_id":null})");
    CHECK(probe.ended);
  }

  TEST_CASE("two sessions with one seed give the same ids") {
    SessionProbe first;
    SessionProbe second;
    first.turn(100, 900);
    second.turn(100, 900);
    CHECK(first.events == second.events);
  }
}

}  // namespace
}  // namespace offhook::sim
