#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "audio/g711.hpp"
#include "audio/resampler.hpp"
#include "audio/similarity.hpp"
#include "audio/speech.hpp"
#include "base/base64.hpp"
#include "phone.hpp"
#include "sim_fixture.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;
using Kind = sip::CallEvent::Kind;

const std::string session = R"({"type":"realtime","model":"gpt-realtime-2.1","instructions":"Hi"})";
const std::string patient_ears = R"({"type":"session.update","session":{"type":"realtime",
    "audio":{"input":{"transcription":{"model":"whisper-1"},
                      "turn_detection":{"type":"server_vad","silence_duration_ms":500}}}}})";

std::string say(std::string_view text) {
  return R"({"type":"response.create","response":{"instructions":"Say )" + std::string{text} +
         R"("}})";
}

std::vector<std::int16_t> speech(std::string_view text, std::string_view voice) {
  return audio::speak(text, voice, voice_rate_hz)->sound.samples;
}

/// A call that was accepted and is observed.
struct LiveCall {
  LiveCall(SimWorld& world, std::vector<std::string_view> codecs, sip::SdpProfile profile)
      : phone{world, std::move(codecs), profile} {
    phone.dial();
    id = world.take_call().call_id;
    accepted = world.post(id, "accept", session).status;
    sideband = world.observe(id);
    phone.talk();
  }

  Phone phone;
  std::string id;
  int accepted = 0;
  std::shared_ptr<Observed> sideband;
};

TEST_SUITE("Call to the sim") {
  TEST_CASE("the caller hears the greeting, by every codec, plain and encrypted") {
    struct Variant {
      std::string_view codec;
      sip::SdpProfile profile;
    };
    const std::string greeting = "Hello caller, you have reached the simulator.";
    for (const auto& [codec, profile] :
         {Variant{"opus", sip::SdpProfile::savp}, Variant{"PCMU", sip::SdpProfile::savp},
          Variant{"PCMA", sip::SdpProfile::avp}, Variant{"G722", sip::SdpProfile::savp}}) {
      CAPTURE(codec);
      SimConfig config;
      if (codec == "G722") {  // by default it is refused
        REQUIRE(assume(config.assumptions, "codecs=opus,PCMU,PCMA,G722"));
      }
      SimWorld world{std::move(config)};
      LiveCall call{world, {codec}, profile};
      CHECK(call.accepted == 200);
      CHECK(call.phone.media.codec.name == codec);
      CHECK(call.phone.media.profile == profile);
      world.wait_for(*call.sideband, "session.created");
      world.send(*call.sideband, say(greeting));
      const auto stopped = world.wait_for(*call.sideband, "output_audio_buffer.stopped");
      CHECK(call.sideband->find("output_audio_buffer.started") <
            call.sideband->find("response.output_audio.done"));
      CHECK(call.sideband->find("response.done") < stopped);
      world.pass(200ms);
      const double similarity =
          audio::mel_similarity(speech(greeting, "slt"), call.phone.port.heard(), voice_rate_hz);
      CHECK(similarity >= 0.9);
    }
  }

  TEST_CASE("a caller's question is heard, transcribed and answered") {
    SimConfig config;
    config.heard = {"what is the weather like"};
    config.replies = {"It is raining cats and dogs."};
    SimWorld world{std::move(config)};
    LiveCall call{world, {"PCMU"}, sip::SdpProfile::savp};
    world.send(*call.sideband, patient_ears);
    world.wait_for(*call.sideband, "session.updated");
    call.phone.port.say(speech("What is the weather like?", "rms"));
    const auto started = world.wait_for(*call.sideband, "input_audio_buffer.speech_started");
    const auto committed = world.wait_for(*call.sideband, "input_audio_buffer.committed", started);
    const auto transcript = world.wait_for(
        *call.sideband, "conversation.item.input_audio_transcription.completed", committed);
    CHECK(json_string(call.sideband->events[transcript], "transcript") ==
          "what is the weather like");
    const auto said = world.wait_for(*call.sideband, "response.output_audio_transcript.done");
    CHECK(json_string(call.sideband->events[said], "transcript") == "It is raining cats and dogs.");
    world.wait_for(*call.sideband, "output_audio_buffer.stopped", said);
    world.pass(200ms);
    CHECK(audio::mel_similarity(speech("It is raining cats and dogs.", "slt"),
                                call.phone.port.heard(), voice_rate_hz) >= 0.9);
    CHECK(world.marked("input_audio_buffer.speech_started"));
    CHECK(world.marked("said"));
    const std::string item{json_string(call.sideband->events[committed], "item_id")};
    world.send(*call.sideband,
               R"({"type":"conversation.item.retrieve","item_id":")" + item + R"("})");
    const auto retrieved = world.wait_for(*call.sideband, "conversation.item.retrieved", said);
    const auto& content = json_at(call.sideband->events[retrieved], "item.content")->as_array();
    const auto bytes = base64_decode(json_string(content[0], "audio")).value();
    std::vector<std::int16_t> sound;
    for (const auto byte : bytes) {
      sound.push_back(audio::decode_mu_law(byte));  // the call's codec
    }
    CHECK(audio::mel_similarity(speech("What is the weather like?", "rms"),
                                audio::resample(sound, 8'000, voice_rate_hz).value(),
                                voice_rate_hz) >= 0.9);
  }

  TEST_CASE("a caller who interrupts makes the model stop talking") {
    SimWorld world;
    LiveCall call{world, {"PCMU"}, sip::SdpProfile::savp};
    world.send(*call.sideband, patient_ears);
    world.send(*call.sideband,
               say("This is a very long speech that nobody wants to listen to until its end, and "
                   "it goes on and on about telephones and their history."));
    world.wait_for(*call.sideband, "response.done");
    world.pass(500ms);
    CHECK_FALSE(call.sideband->find("output_audio_buffer.stopped"));
    call.phone.port.say(speech("Excuse me, please stop talking now.", "rms"));
    const auto cleared = world.wait_for(*call.sideband, "output_audio_buffer.cleared");
    const auto truncated = world.wait_for(*call.sideband, "conversation.item.truncated", cleared);
    CHECK(json_int(call.sideband->events[truncated], "audio_end_ms") > 0);
    // What was under way still arrives. Counted in sound, not in time: the media may run late.
    const std::size_t cleared_at = call.phone.port.heard().size();
    const auto latest = [&] { return call.phone.port.heard().last(voice_rate_hz); };
    world.run_until([&] {
      return call.phone.port.heard().size() > cleared_at + voice_rate_hz &&
             audio::rms_dbfs(latest()) < -55;
    });
    int loud_frames = 0;
    const auto heard = call.phone.port.heard().subspan(cleared_at);
    for (std::size_t at = 0; at + 320 <= heard.size(); at += 320) {
      loud_frames += audio::rms_dbfs(heard.subspan(at, 320)) > -55 ? 1 : 0;
    }
    CHECK(loud_frames < 50);  // the speech would have gone on for several seconds
    CHECK_FALSE(call.sideband->find("output_audio_buffer.stopped"));
  }

  TEST_CASE("keys that the caller presses arrive one by one") {
    SimWorld world;
    LiveCall call{world, {"PCMU"}, sip::SdpProfile::savp};
    REQUIRE(call.phone.stream->send_digits("5#"));
    const auto first = world.wait_for(*call.sideband, "input_audio_buffer.dtmf_event_received");
    const auto second =
        world.wait_for(*call.sideband, "input_audio_buffer.dtmf_event_received", first + 1);
    CHECK(json_string(call.sideband->events[first], "event") == "5");
    CHECK(json_string(call.sideband->events[second], "event") == "#");
    CHECK_FALSE(call.sideband->events[first].as_object().contains("event_id"));
  }

  TEST_CASE("the webhook names the caller's own headers and how the media is secured") {
    SimWorld world;
    for (const auto profile : {sip::SdpProfile::savp, sip::SdpProfile::avp}) {
      Phone phone{world, {"PCMU"}, profile};
      phone.dial();
      const auto incoming = world.take_call();
      CHECK(incoming.call_id.starts_with("rtc_u1_"));
      CHECK(incoming.event_id.starts_with("evt_"));
      CHECK(openai::sip_header(incoming.sip_headers, "X-Offhook-Call") == "call-1");
      CHECK(openai::sip_header(incoming.sip_headers, "To").find("proj_sim") !=
            std::string_view::npos);
      CHECK(incoming.media_security == (profile == sip::SdpProfile::savp ? "srtp" : "rtp"));
    }
    const auto& headers = world.webhooks.front().headers;
    CHECK(headers.get("user-agent") == "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)");
    CHECK(headers.get("webhook-id").starts_with("wh_"));
  }

  TEST_CASE("the answer is one codec and telephone-event in a session named OAI") {
    SimWorld world;
    LiveCall call{world, {"PCMA", "PCMU", "opus"}, sip::SdpProfile::avp};
    CHECK(call.phone.media.codec.name == "opus");
    CHECK(call.phone.answer_sdp.find("s=OAI\r\n") != std::string::npos);
    CHECK(call.phone.answer_sdp.find("PCMU") == std::string::npos);
    CHECK(call.phone.answer_sdp.find("telephone-event") != std::string::npos);
  }

  TEST_CASE("when the caller hangs up, the sockets drop without a close frame") {
    SimWorld world;
    LiveCall call{world, {"PCMU"}, sip::SdpProfile::savp};
    const auto second = world.observe(call.id);
    world.wait_for(*second, "session.created");
    call.phone.call().hang_up();
    world.run_until([&] { return call.sideband->over && second->over; });
    CHECK(call.sideband->close_status == 1006);
    CHECK(second->close_status == 1006);
    CHECK(world.post(call.id, "hangup").status == 404);
    CHECK(world.connect(call.id).error().status == 404);
    CHECK(world.marked("ended"));
  }

  TEST_CASE("hangup ends the call with BYE, once") {
    SimWorld world;
    LiveCall call{world, {"PCMU"}, sip::SdpProfile::savp};
    CHECK(world.post(call.id, "hangup").status == 200);
    CHECK(call.phone.next(Kind::closed).kind == Kind::closed);
    world.run_until([&] { return call.sideband->over; });
    CHECK(call.sideband->close_status == 1006);
    CHECK(world.post(call.id, "hangup").status == 404);
  }

  TEST_CASE("refer reaches the caller verbatim") {
    SimWorld world;
    LiveCall call{world, {"PCMU"}, sip::SdpProfile::savp};
    CHECK(world.post(call.id, "refer", R"({"target_uri":"tel:+14155550123"})").status == 200);
    const auto event = call.phone.next(Kind::refer);
    CHECK(event.kind == Kind::refer);
    CHECK(event.reason == "tel:+14155550123");
  }

  TEST_CASE("every observer gets every event, and any may act") {
    SimWorld world;
    LiveCall call{world, {"PCMU"}, sip::SdpProfile::savp};
    const auto second = world.observe(call.id, "wss");
    world.wait_for(*second, "session.created");
    world.send(*second, say("Hi."));
    const auto mine = world.wait_for(*second, "response.done");
    const auto theirs = world.wait_for(*call.sideband, "response.done");
    CHECK(second->events[mine] == call.sideband->events[theirs]);
  }

  TEST_CASE("reaches its time limit: an error, BYE, and the socket drops") {
    SimConfig config;
    config.assumptions.session_lifetime = 2s;  // enough to answer the call and to attach
    SimWorld world{std::move(config)};
    LiveCall call{world, {"PCMU"}, sip::SdpProfile::savp};
    const auto error = world.wait_for(*call.sideband, "error");
    CHECK(json_string(call.sideband->events[error], "error.code") == "session_expired");
    CHECK(call.phone.next(Kind::closed).kind == Kind::closed);
    world.run_until([&] { return call.sideband->over; });
    CHECK(call.sideband->close_status == 1006);
  }
}

TEST_SUITE("Call that is not taken") {
  TEST_CASE("reject ends it with the status of the controller's choice") {
    SimWorld world;
    Phone phone{world, {"PCMU"}, sip::SdpProfile::savp};
    phone.dial();
    const auto id = world.take_call().call_id;
    CHECK(world.post(id, "reject", R"({"status_code":486})").status == 200);
    const auto event = phone.next(Kind::answered);
    CHECK(event.kind == Kind::failed);
    CHECK(event.status == 486);
    CHECK(world.post(id, "accept", session).status == 409);
  }

  TEST_CASE("it fails with 400 when nobody decides in time, and its id is unknown then") {
    SimConfig config;
    config.accept_deadline = 100ms;
    SimWorld world{std::move(config)};
    Phone phone{world, {"PCMU"}, sip::SdpProfile::savp};
    phone.dial();
    const auto id = world.take_call().call_id;
    const auto event = phone.next(Kind::answered);
    CHECK(event.status == 400);
    CHECK(world.post(id, "accept", session).status == 404);
  }

  TEST_CASE("it is unknown once the caller gave up") {
    SimWorld world;
    Phone phone{world, {"PCMU"}, sip::SdpProfile::savp};
    phone.dial();
    const auto id = world.take_call().call_id;
    CHECK(world.connect(id).error().status == 404);
    phone.call().hang_up();
    CHECK(phone.next(Kind::answered).kind == Kind::failed);
    world.run_until([&] { return world.marked("ended"); });
    CHECK(world.post(id, "accept", session).status == 404);
  }

  TEST_CASE("another project is not found, strange media not acceptable") {
    SimWorld world;
    Phone stranger{world, {"PCMU"}, sip::SdpProfile::savp};
    stranger.dial("proj_other");
    CHECK(stranger.next(Kind::answered).status == 404);
    Phone exotic{world, {"G729"}, sip::SdpProfile::savp};
    exotic.dial();
    CHECK(exotic.next(Kind::answered).status == 488);
    CHECK(world.webhooks.empty());
  }
}

}  // namespace
}  // namespace offhook::sim
