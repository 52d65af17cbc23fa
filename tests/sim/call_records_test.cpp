#include "sim/call_records.hpp"

#include <chrono>
#include <string>
#include <string_view>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "base/json.hpp"
#include "phone.hpp"
#include "sim/redaction.hpp"
#include "sim_fixture.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr std::string_view invite =
    "INVITE sip:proj:pw@127.0.0.1 SIP/2.0\r\n"
    "Via: SIP/2.0/TLS 127.0.0.1:5060;branch=z9hG4bK1\r\n"
    "From: <sip:alice:hunter2@example.test:5070>;tag=1\r\n"
    "i: call-7@test\r\n"
    "Authorization: Digest username=\"u\", response=\"0123456789abcdef\"\r\n"
    "Subject: first\r\n line\r\n"
    "X-Odd: \xff\r\n"
    "\r\n"
    "v=0\r\n"
    "k=clear:geheim\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0|2^20\r\n"
    "a=key-mgmt:mikey AQAFgM0X\r\n"
    "a=ptime:20\r\n";

TEST_SUITE("What people may see of messages") {
  TEST_CASE("a SIP message keeps everything but its secrets") {
    CHECK(sip_call_id(invite) == "call-7@test");
    const std::string shown = json::serialize(show_sip(invite));
    for (const char* secret :
         {"hunter2", "0123456789abcdef", "geheim", "c2VjcmV0", "AQAFgM0X", ":pw@"}) {
      CAPTURE(secret);
      CHECK(shown.find(secret) == std::string::npos);
    }
    const json::value whole = json::parse(shown);  // valid UTF-8 in spite of X-Odd
    CHECK(json_string(whole, "start_line") == "INVITE sip:proj:(redacted)@127.0.0.1 SIP/2.0");
    CHECK(whole.at("headers").as_array().size() == 6);
    CHECK(json_string(whole.at("headers").at(1), "value") ==
          "<sip:alice:(redacted)@example.test:5070>;tag=1");
    CHECK(json_string(whole.at("headers").at(3), "value") == redacted);
    CHECK(json_string(whole.at("headers").at(4), "value") == "first line");
    CHECK(json_string(whole, "body") ==
          "v=0\r\nk=clear:(redacted)\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:(redacted)\r\n"
          "a=key-mgmt:(redacted)\r\na=ptime:20\r\n");
  }

  TEST_CASE("addresses without a password stay as they are") {
    for (std::string_view line :
         {"<sip:127.0.0.1:5060>", "<sips:alice@host:5061;transport=tls>, <sip:b@c>", "sip:", ""}) {
      const std::string message = "OPTIONS x SIP/2.0\r\nContact: " + std::string{line} + "\r\n\r\n";
      CHECK(json_string(show_sip(message).at("headers").at(0), "value") == line);
    }
  }

  TEST_CASE("of a list of addresses nothing but the passwords is taken out") {
    struct Case {
      std::string_view line;
      std::string_view shown;
    };
    for (const Case& one :
         {Case{"<sip:a:secret@x>, <sip:b@y>", "<sip:a:(redacted)@x>, <sip:b@y>"},
          Case{"sip:a:secret@x,sip:b@y;q=1", "sip:a:(redacted)@x,sip:b@y;q=1"},
          Case{"sip:a:secret@x:5060,SIPS:b:1,2@y", "sip:a:(redacted)@x:5060,SIPS:b:(redacted)@y"},
          Case{"sip:b@y,sip:a:secret@x", "sip:b@y,sip:a:(redacted)@x"},
          Case{"sip:a:se,cr@et@x,sips:b@y", "sip:a:(redacted)@x,sips:b@y"},
          Case{"sip:a:secret,sip:@x", "sip:a:(redacted)@x"}}) {
      const std::string message =
          "OPTIONS x SIP/2.0\r\nContact: " + std::string{one.line} + "\r\n\r\n";
      CHECK(json_string(show_sip(message).at("headers").at(0), "value") == one.shown);
    }
  }

  TEST_CASE("nonsense is no call's") {
    for (std::string_view text : {"", "\r\n\r\n", "INVITE", "a\nb\n", ":\n:\n"}) {
      CHECK(sip_call_id(text).empty());
      CHECK(show_sip(text).contains("start_line"));
    }
  }

  TEST_CASE("credentials of MCP tools do not show, and long strings are cut") {
    const json::value shown = show_event(
        R"({"type":"session.update","session":{"tools":[{"type":"mcp","authorization":"tok",
            "headers":{"X-Key":"k1"}}]}})",
        1'000);
    CHECK(json::serialize(shown).find("tok") == std::string::npos);
    CHECK(json::serialize(shown).find("k1") == std::string::npos);
    const std::string audio(5'000, 'A');
    const auto cut = show_event(R"({"type":"x","audio":")" + audio + "\"}", 1'000);
    CHECK(json_string(cut, "audio").ends_with("(5000 bytes)"));
    CHECK(json::serialize(cut).size() < 400);
    CHECK(json_string(show_event("no json", 1'000), "not_shown") == "no json");
    const auto huge =
        show_event(R"({"type":"x","audio":")" + std::string(20'000, 'A') + "\"}", 1'000);
    CHECK(huge.at("bytes").as_uint64() > 20'000);
  }
}

TEST_SUITE("The log of a call") {
  TEST_CASE("keeps the beginning and the latest, and tells what it dropped between them") {
    CallLogLimits limits;
    limits.first = 2;
    limits.entries = 5;
    const auto began = CallLog::Clock::now();
    CallLog log{began, limits};
    for (int i = 0; i < 10; ++i) {
      log.add("mark", {{"n", i}}, began + std::chrono::milliseconds{i});
    }
    const auto list = log.describe();
    REQUIRE(list.size() == 6);
    CHECK(json_int(list[0], "n") == 0);
    CHECK(json_int(list[1], "n") == 1);
    CHECK(json_string(list[2], "kind") == "dropped");
    CHECK(json_int(list[2], "entries") == 5);
    CHECK(json_int(list[3], "n") == 7);
    CHECK(list[5].at("at_ms").as_double() == 9.0);
    CHECK(log.dropped() == 5);
  }

  TEST_CASE("holds no more bytes than it may") {
    CallLogLimits limits;
    limits.bytes = 10'000;
    CallLog log{CallLog::Clock::now(), limits};
    for (int i = 0; i < 1'000; ++i) {
      log.add("sideband", {{"text", std::string(100, 'x')}});
      REQUIRE(log.bytes() <= limits.bytes);
    }
    CHECK(log.dropped() > 900);
  }
}

TEST_SUITE("The transcript of a call") {
  TEST_CASE("has both sides in the order in which they began to speak") {
    CallTranscript transcript;
    transcript.on_event({{"type", "output_audio_buffer.started"}, {"response_id", "resp_1"}}, 100);
    transcript.on_event({{"type", "input_audio_buffer.speech_started"}, {"item_id", "item_2"}},
                        900);
    transcript.on_event({{"type", "response.output_audio_transcript.done"},
                         {"response_id", "resp_1"},
                         {"item_id", "item_1"},
                         {"transcript", "Hello."}},
                        950);
    transcript.on_event(
        {{"type", "conversation.item.truncated"}, {"item_id", "item_1"}, {"audio_end_ms", 400}},
        960);
    transcript.on_heard("item_2", "stop", 2'000);
    CHECK(json::serialize(transcript.describe()) ==
          R"([{"who":"model","text":"Hello.","at_ms":1E2,"interrupted":true,"heard_ms":400},)"
          R"({"who":"caller","text":"stop","at_ms":9E2}])");
  }

  TEST_CASE("joins the words of a Live session to lines") {
    CallTranscript transcript;
    const auto delta = [&](const char* type, const char* text, double at_ms) {
      transcript.on_event({{"type", type}, {"delta", text}}, at_ms);
    };
    delta("session.output_transcript.delta", "Good", 1);
    delta("session.output_transcript.delta", " day.", 2);
    delta("session.input_transcript.delta", " Hi", 3);
    const auto lines = transcript.describe();
    REQUIRE(lines.size() == 2);
    CHECK(json_string(lines[0], "text") == "Good day.");
    CHECK(json_string(lines[1], "text") == "Hi");
  }

  TEST_CASE("drops its oldest lines when there are too many") {
    CallTranscript transcript;
    for (int i = 0; i < 600; ++i) {
      transcript.on_heard("item", "word", i);
    }
    CHECK(transcript.describe().size() == 500);
    CHECK(transcript.dropped() == 100);
  }
}

TEST_SUITE("The records of calls") {
  TEST_CASE("the last hundred that ended are kept") {
    CallRecords records;
    for (int i = 0; i < 150; ++i) {
      const std::string id = "rtc_" + std::to_string(i);
      const auto record = records.begin({id}, "sip-" + std::to_string(i));
      records.end(record, {{"call_id", id}});
    }
    CHECK(records.ended().size() == CallRecords::most_ended);
    CHECK(records.find("rtc_49") == nullptr);
    CHECK(records.find("rtc_50") != nullptr);
  }

  TEST_CASE("a message that came before its call is the first of its log") {
    CallRecords records;
    const auto then = CallLog::Clock::now();
    records.on_sip({false, std::string{invite}, "UDP", then});
    records.on_sip({false, "BYE x SIP/2.0\r\nCall-ID: nobody\r\n\r\n", "UDP", then});
    const auto record = records.begin({"rtc_1", ""}, "call-7@test");
    records.on_sip({true, "SIP/2.0 200 OK\r\nCall-ID: call-7@test\r\n\r\n", "UDP", then + 5ms});
    const auto log = record->log.describe();
    REQUIRE(log.size() == 2);
    CHECK(log[0].at("at_ms").as_double() == 0);
    CHECK(json_string(log[1], "start_line") == "SIP/2.0 200 OK");
    CHECK(json_string(log[1], "direction") == "sent");
  }
}

json::value get(SimWorld& world, const std::string& path) {
  return json::parse(world.request("GET", path).body);
}

TEST_SUITE("View of one call") {
  TEST_CASE("tells its whole story, during it and after it, and no secret") {
    SimConfig config;
    config.heard = {"where is my order"};
    SimWorld world{std::move(config)};
    Phone phone{world, {"PCMU"}, sip::SdpProfile::savp};
    phone.dial();
    const std::string id = world.take_call().call_id;
    world.post(id, "accept", R"({"type":"realtime","model":"gpt-realtime","instructions":"Hi"})");
    const auto sideband = world.observe(id);
    phone.talk();
    world.send(*sideband,
               R"({"type":"response.create","response":{"instructions":"Say \"Good morning.\""}})");
    world.wait_for(*sideband, "output_audio_buffer.stopped");
    const auto during = get(world, "/_sim/calls/" + id);
    CHECK(json_string(during, "state") == "answered");
    phone.call().hang_up();
    world.run_until([&] { return sideband->over; });
    CHECK(world.post(id, "hangup").status == 404);

    const std::string text = world.request("GET", "/_sim/calls/" + id).body;
    const json::value story = json::parse(text);
    CHECK(json_string(story, "call_id") == id);
    CHECK(json_string(story, "state") == "ended");
    CHECK(json_string(story, "why") == "closed by the other side");
    CHECK(json_string(story, "codec") == "PCMU");
    REQUIRE(story.at("transcript").as_array().size() == 1);
    CHECK(json_string(story.at("transcript").at(0), "text") == "Good morning.");

    // The order in which it happened, by one word for each entry.
    std::string steps;
    double last_ms = 0;
    for (const auto& entry : story.at("log").as_array()) {
      const auto kind = json_string(entry, "kind");
      CHECK(entry.at("at_ms").as_double() >= last_ms);
      if (kind == "sip") {
        const auto line = json_string(entry, "start_line");
        steps +=
            std::string{line.substr(0, line.find(line.starts_with("SIP") ? '\n' : ' '))} + '\n';
      } else if (kind == "rest") {
        steps += std::string{json_string(entry, "path").substr(0, 12)} + ' ' +
                 std::to_string(*json_int(entry, "status")) + '\n';
      } else if (kind == "sideband") {
        steps += std::string{json_string(entry, "event.type")} + '\n';
      } else if (kind == "webhook") {
        steps += std::string{json_string(entry, "type")} + '\n';
      }
    }
    std::size_t at = 0;
    for (const char* step : {"INVITE", "realtime.call.incoming", "live.transport.incoming",
                             "/v1/realtime 200", "SIP/2.0 200 OK", "ACK", "response.create",
                             "response.created", "output_audio_buffer.started", "response.done",
                             "output_audio_buffer.stopped", "BYE", "/v1/realtime 404"}) {
      CAPTURE(step);
      CAPTURE(steps);
      const auto found = steps.find(std::string{step} + '\n', at);
      REQUIRE(found != std::string::npos);
      at = found;
    }
    for (const std::string& secret : {test_key, test_secret, std::string{"Bearer"}}) {
      CHECK(text.find(secret) == std::string::npos);
    }
    CHECK(text.find("inline:(redacted)") != std::string::npos);
    CHECK(text.find("inline:" + phone.answer_sdp.substr(phone.answer_sdp.find("inline:") + 7,
                                                        20)) == std::string::npos);

    const auto all = get(world, "/_sim");
    REQUIRE(all.at("ended_calls").as_array().size() == 1);
    CHECK(json_string(all.at("ended_calls").at(0), "call_id") == id);
    CHECK(json_string(all.at("ended_calls").at(0), "sip_call_id") == phone.call().call_id());
  }

  TEST_CASE("a refused INVITE is known by its id, others are not") {
    SimWorld world;
    Phone phone{world, {"PCMU"}, sip::SdpProfile::savp};
    phone.dial("proj_other");
    CHECK(phone.next(sip::CallEvent::Kind::answered).status == 404);
    const auto ended = get(world, "/_sim").at("ended_calls");
    REQUIRE(ended.as_array().size() == 1);
    const auto story =
        get(world, "/_sim/calls/" + std::string{json_string(ended.at(0), "call_id")});
    CHECK(json_string(story, "state") == "refused");
    CHECK(json_string(story.at("log").at(0), "start_line").starts_with("INVITE "));
    CHECK(world.request("GET", "/_sim/calls/rtc_nobody").status == 404);
    CHECK(world.request("POST", "/_sim/calls/rtc_nobody").status == 404);
  }
}

}  // namespace
}  // namespace offhook::sim
