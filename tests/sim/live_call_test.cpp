#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

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
using Events = std::vector<boost::json::value>;

const std::string live_session = R"({"session":{"type":"live","model":"gpt-live-1"}})";
const std::string realtime_session =
    R"({"type":"realtime","model":"gpt-realtime-2.1","instructions":"Hi"})";

std::string code_of(const net::HttpResponse& response) {
  return std::to_string(response.status) + " " +
         std::string{json_string(boost::json::parse(response.body), "error.code")};
}

std::string append(std::string_view kind, std::string_view content, std::string_view delegation) {
  return R"({"type":"session.)" + std::string{kind} + R"(.append","event_id":"mine","content":")" +
         std::string{content} + R"(","delegation_id":)" + std::string{delegation} + "}";
}

/// The deltas of a transcript put together.
std::string transcript(const Observed& observed, std::string_view type) {
  std::string text;
  for (const auto& event : observed.events) {
    if (json_string(event, "type") == type) {
      text += json_string(event, "delta");
    }
  }
  return text;
}

std::vector<std::int16_t> reflected(const Observed& observed,
                                    std::string_view type,
                                    std::string_view field) {
  std::vector<std::int16_t> samples;
  for (const auto& event : observed.events) {
    if (json_string(event, "type") != type) {
      continue;
    }
    const auto bytes = base64_decode(json_string(event, field)).value();
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
      samples.push_back(static_cast<std::int16_t>(bytes[i] | (bytes[i + 1] << 8)));
    }
  }
  return samples;
}

std::vector<std::int16_t> speech(std::string_view text, std::string_view voice, int rate_hz) {
  return audio::speak(text, voice, rate_hz)->sound.samples;
}

/// A call that Live took and that is observed.
struct LiveWorld {
  explicit LiveWorld(SimConfig config = {}, const std::string& session = live_session)
      : world{std::move(config)}, phone{world, {"opus"}, sip::SdpProfile::savp} {
    phone.dial();
    rtc_id = world.take_call().call_id;
    id = world.take_session().session_id;
    accepted = world.post_live(id, "accept", session);
    sideband = world.observe_live(id);
    phone.talk();
  }

  void send(const std::string& event) { world.send(*sideband, event); }
  /// Index of the next event of that type.
  std::size_t wait(std::string_view type, std::size_t from = 0) {
    return world.wait_for(*sideband, type, from);
  }
  [[nodiscard]] const boost::json::value& at(std::size_t index) { return sideband->events[index]; }

  SimWorld world;
  Phone phone;
  std::string rtc_id;
  std::string id;
  net::HttpResponse accepted;
  std::shared_ptr<Observed> sideband;
};

TEST_SUITE("Call to both APIs") {
  TEST_CASE("one INVITE is announced to both, with ids of their own") {
    SimWorld world;
    Phone phone{world, {"PCMU"}, sip::SdpProfile::savp};
    phone.dial();
    const auto call = world.take_call();
    const auto session = world.take_session();
    CHECK(call.call_id.starts_with("rtc_"));
    CHECK(session.session_id.starts_with("live_"));
    CHECK(session.event_id != call.event_id);
    CHECK(session.media_security == "srtp");
    CHECK(session.sip_headers.size() == call.sip_headers.size());
    CHECK(world.webhooks.size() == 2);
  }

  TEST_CASE("the deprecated event comes when it is wanted, and none without Live") {
    SimConfig old;
    old.live.deprecated_event = true;
    SimWorld world{std::move(old)};
    Phone phone{world, {"PCMU"}, sip::SdpProfile::savp};
    phone.dial();
    const auto first = world.take_session();
    CHECK(world.take_session().session_id == first.session_id);

    SimConfig none;
    none.live.enabled = false;
    SimWorld other{std::move(none)};
    Phone caller{other, {"PCMU"}, sip::SdpProfile::savp};
    caller.dial();
    static_cast<void>(other.take_call());
    other.pass(200ms);
    CHECK(other.webhooks.size() == 1);
  }

  TEST_CASE("the first decision owns the call, on either surface") {
    SimWorld world;
    Phone phone{world, {"PCMU"}, sip::SdpProfile::savp};
    phone.dial();
    const auto call = world.take_call().call_id;
    const auto session = world.take_session().session_id;
    CHECK(world.post_live(session, "accept", live_session).status == 200);
    CHECK(code_of(world.post(call, "accept", realtime_session)) == "409 decision_already_made");
    CHECK(code_of(world.post(call, "reject")) == "409 decision_already_made");
    CHECK(code_of(world.post_live(session, "accept", live_session)) == "409 decision_already_made");
    CHECK(code_of(world.post(call, "hangup")) == "404 call_id_not_found");
    CHECK_FALSE(world.connect(call));
    phone.talk();

    Phone second{world, {"PCMU"}, sip::SdpProfile::savp};
    second.dial();
    const auto next_call = world.take_call().call_id;
    const auto next_session = world.take_session().session_id;
    CHECK(world.post(next_call, "accept", realtime_session).status == 200);
    CHECK(code_of(world.post_live(next_session, "reject", R"({"status_code":486})")) ==
          "409 decision_already_made");
    CHECK(code_of(world.post_live(next_session, "hangup")) == "404 session_id_not_found");
    CHECK(world.open("/v1/live/sessions/" + next_session + "/attach").error().status == 404);
    second.talk();
  }

  TEST_CASE("Live needs SRTP, unless told otherwise; the call can still be taken by Realtime") {
    SimWorld world;
    Phone phone{world, {"PCMU"}, sip::SdpProfile::avp};
    phone.dial();
    const auto call = world.take_call().call_id;
    const auto session = world.take_session();
    CHECK(session.media_security == "rtp");
    CHECK(code_of(world.post_live(session.session_id, "accept", live_session)) ==
          "400 sip_media_security_required");
    CHECK(world.post(call, "accept", realtime_session).status == 200);

    SimConfig lenient;
    lenient.live.plain_rtp = true;
    SimWorld other{std::move(lenient)};
    Phone plain{other, {"PCMU"}, sip::SdpProfile::avp};
    plain.dial();
    CHECK(other.post_live(other.take_session().session_id, "accept", live_session).status == 200);
    plain.talk();
  }

  TEST_CASE("Live's reject goes to the caller as its SIP status") {
    SimWorld world;
    Phone phone{world, {"PCMU"}, sip::SdpProfile::savp};
    phone.dial();
    const auto session = world.take_session().session_id;
    CHECK(code_of(world.post_live(session, "reject")) == "400 missing_required_parameter");
    CHECK(world.post_live(session, "reject", R"({"status_code":486})").status == 200);
    CHECK(phone.next(Kind::failed).status == 486);
    CHECK(code_of(world.post_live(session, "accept", live_session)) == "409 decision_already_made");
  }
}

TEST_SUITE("Live call") {
  TEST_CASE("the model is silent until it is told; its words are timed and reflected") {
    LiveWorld live;
    CHECK(live.accepted.status == 200);
    CHECK(live.accepted.body.empty());
    CHECK(live.wait("session.started") == 0);
    CHECK(json_string(live.at(0), "session.id") == live.id);
    CHECK(json_string(live.at(0), "session.audio.output.voice") == "marin");
    live.world.pass(300ms);
    CHECK_FALSE(live.sideband->find("session.output_transcript.delta"));

    const std::string words = "Hello caller, you have reached the simulator.";
    live.send(append("instructions", "Say " + words, "null"));
    const auto appended = live.wait("session.instructions.appended");
    CHECK(json_string(live.at(appended), "client_event_id") == "mine");
    CHECK(json_int(live.at(appended), "start_ms") >= 0);
    live.world.run_until(
        [&] { return transcript(*live.sideband, "session.output_transcript.delta") == words; });
    live.world.pass(800ms);
    CHECK(audio::mel_similarity(speech(words, "slt", voice_rate_hz), live.phone.port.heard(),
                                voice_rate_hz) >= 0.85);
    CHECK(audio::mel_similarity(
              speech(words, "slt", voice_rate_hz),
              audio::resample(reflected(*live.sideband, "session.output_audio.delta", "delta"),
                              24'000, voice_rate_hz)
                  .value(),
              voice_rate_hz) >= 0.85);
  }

  TEST_CASE("the caller is transcribed, reflected and answered") {
    SimConfig config;
    config.heard = {"what is the weather like"};
    config.replies = {"It is raining."};
    LiveWorld live{std::move(config)};
    live.phone.port.say(speech("What is the weather like?", "rms", voice_rate_hz));
    live.world.run_until([&] {
      return transcript(*live.sideband, "session.output_transcript.delta") == "It is raining.";
    });
    CHECK(transcript(*live.sideband, "session.input_transcript.delta") ==
          "what is the weather like");
    const auto heard = reflected(*live.sideband, "session.input_audio.append", "audio");
    CHECK(audio::mel_similarity(speech("What is the weather like?", "rms", voice_rate_hz),
                                audio::resample(heard, 24'000, voice_rate_hz).value(),
                                voice_rate_hz) >= 0.85);
  }

  TEST_CASE("digits go both ways by RFC 4733") {
    LiveWorld live;
    CHECK(live.phone.stream->send_digits("5"));
    const auto received = live.wait("transport.dtmf.received");
    CHECK(json_string(live.at(received), "event") == "5");
    CHECK(json_string(live.at(received), "event_id").starts_with("event_"));
    live.send(R"({"type":"transport.dtmf.send","event_id":"key","event":"#"})");
    const auto sent = live.wait("transport.dtmf.sent");
    CHECK(json_string(live.at(sent), "event") == "#");
    CHECK(json_string(live.at(sent), "client_event_id") == "key");
    char pressed = 0;
    for (int i = 0; i < 3'000 && pressed == 0; ++i) {
      live.world.pass(20ms);
      for (auto e = live.phone.stream->next_event(); e; e = live.phone.stream->next_event()) {
        if (e->kind == media::StreamEvent::Kind::digit_received) {
          pressed = e->digit;
        }
      }
    }
    CHECK(pressed == '#');
  }

  TEST_CASE("a fixture is really heard by the caller") {
    LiveWorld live;
    std::vector<std::uint8_t> bytes;
    for (int i = 0; i < 24'000; ++i) {
      const auto sample =
          static_cast<std::int16_t>(10'000 * std::sin(2 * std::numbers::pi * 440 * i / 24'000.0));
      bytes.push_back(static_cast<std::uint8_t>(sample & 0xFF));
      bytes.push_back(static_cast<std::uint8_t>(sample >> 8));
    }
    live.send(R"({"type":"session.output_audio.fixture.play","event_id":"tune","audio":")" +
              base64_encode(bytes) + R"("})");
    const auto playing = live.wait("session.output_audio.fixture.playing");
    CHECK(json_string(live.at(playing), "client_event_id") == "tune");
    const auto played = live.wait("session.output_audio.fixture.played", playing);
    CHECK(json_string(live.at(played), "client_event_id") == "tune");
    live.world.pass(500ms);
    double energy = 0;
    for (const std::int16_t sample : live.phone.port.heard()) {
      energy += static_cast<double>(sample) * sample;
    }
    // A second of a sine with this peak; what a codec loses leaves most of it.
    CHECK(energy > 0.5 * 10'000.0 * 10'000.0 / 2 * voice_rate_hz);
  }

  TEST_CASE("a late observer gets the last three seconds again, with the same ids") {
    LiveWorld live;
    live.send(append("thinking", "The caller is a friend.", "null"));
    const auto appended = live.wait("session.thinking.appended");
    const auto late = live.world.observe_live(live.id);
    live.world.wait_for(*late, "session.started");
    CHECK(json_string(late->events[0], "event_id") == json_string(live.at(0), "event_id"));
    const auto again = live.world.wait_for(*late, "session.thinking.appended");
    CHECK(json_string(late->events[again], "event_id") ==
          json_string(live.at(appended), "event_id"));
    live.world.send(*late, append("thinking", "And more.", "null"));
    live.wait("session.thinking.appended", appended + 1);
  }

  TEST_CASE("the end says why and what it took, then the socket goes as it was asked") {
    LiveWorld live;
    const auto graceful = live.world.observe_live(live.id, "?graceful_close=true");
    live.world.wait_for(*graceful, "session.started");
    SUBCASE("the controller closes") {
      live.send(R"({"type":"session.close","event_id":"bye"})");
      const auto closed = live.wait("session.closed");
      CHECK(json_string(live.at(closed), "reason") == "close_requested");
      CHECK(json_string(live.at(closed), "client_event_id") == "bye");
      CHECK(live.phone.next(Kind::closed).kind == Kind::closed);
    }
    SUBCASE("hangup") {
      CHECK(live.world.post_live(live.id, "hangup").status == 200);
      const auto closed = live.wait("session.closed");
      CHECK(json_string(live.at(closed), "reason") == "close_requested");
    }
    SUBCASE("the caller hangs up") {
      live.phone.call().hang_up();
      const auto closed = live.wait("session.closed");
      CHECK(json_string(live.at(closed), "reason") == "remote_hangup");
      CHECK(json_at(live.at(closed), "usage.seconds")->is_number());
      CHECK(json_string(live.at(closed), "session.id") == live.id);
    }
    live.world.wait_for(*graceful, "session.closed");
    live.world.run_until([&] { return live.sideband->over && graceful->over; });
    CHECK(live.sideband->close_status == 1006);
    CHECK(graceful->close_status == 1000);
    CHECK(code_of(live.world.post_live(live.id, "hangup")) == "404 session_id_not_found");
  }

  TEST_CASE("refer reaches the caller") {
    LiveWorld live;
    CHECK(live.world.post_live(live.id, "refer", R"({"target_uri":"tel:+14155550123"})").status ==
          200);
    CHECK(live.phone.next(Kind::refer).reason == "tel:+14155550123");
  }
}

}  // namespace
}  // namespace offhook::sim
