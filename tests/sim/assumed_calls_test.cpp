// What `--assume` changes, as callers and controllers see it.
#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "faulty_call.hpp"
#include "raw_phone.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;
using Kind = sip::CallEvent::Kind;

/// A sim on UDP, too, that was told what to assume.
SimConfig assuming(std::initializer_list<std::string_view> assumptions) {
  SimConfig config = udp_config();
  for (const std::string_view one : assumptions) {
    const auto read = assume(config.assumptions, one);
    REQUIRE(read);
  }
  return config;
}

const std::string say_hi = R"({"type":"response.create","response":{"instructions":"Say Hi."}})";
const std::string bad_session = R"({"type":"realtime","voice":"marin"})";

TEST_SUITE("Assumptions about the INVITE") {
  TEST_CASE("ringing: 180 never comes, or at once, or after the accept") {
    for (const std::string when : {"never", "at-once", "after-accept"}) {
      CAPTURE(when);
      SimWorld world{assuming({"ringing=" + when})};
      RawPhone phone{world};
      phone.invite("");
      const auto id = world.take_call().call_id;
      if (when == "at-once") {
        static_cast<void>(phone.wait_for("SIP/2.0 180"));
      }
      CHECK(world.post(id, "accept", plain_session).status == 200);
      static_cast<void>(phone.wait_for("SIP/2.0 200"));
      const bool rings = when != "never";
      CHECK(phone.statuses() == (rings ? "100 180 200" : "100 200"));
    }
  }

  TEST_CASE("unknown-project: another status than 404") {
    SimWorld world{assuming({"unknown-project=403"})};
    Phone phone{world, {"PCMU"}, sip::SdpProfile::savp};
    phone.dial("proj_other");
    CHECK(phone.next(Kind::answered).status == 403);
  }

  TEST_CASE("no-webhook: 404 unless told otherwise, and a wait when it is told so") {
    struct Case {
      std::string assumption;
      int status;
    };
    for (const auto& [assumption, status] :
         {Case{"no-webhook=404", 404}, Case{"no-webhook=403", 403}, Case{"no-webhook=wait", 400}}) {
      CAPTURE(assumption);
      SimConfig config = assuming({assumption});
      config.accept_deadline = 100ms;
      SimWorld world{std::move(config)};
      REQUIRE(world.sim().set_webhook("", Secret{}));
      Phone phone{world, {"PCMU"}, sip::SdpProfile::savp};
      phone.dial();
      CHECK(phone.next(Kind::answered).status == status);
    }
  }

  TEST_CASE("no-webhook: an endpoint that REST made is one") {
    SimWorld world{assuming({})};
    REQUIRE(world.sim().set_webhook("", Secret{}));
    const auto made = world.request(
        "POST", "/v1/webhook_endpoints",
        R"({"name":"n","url":"http://127.0.0.1:9/x","event_types":["realtime.call.incoming"]})");
    REQUIRE(made.status == 200);
    RawPhone phone{world};
    phone.invite("");
    world.run_until([&] { return world.marked("webhook.failed"); });
    CHECK(phone.cancel().starts_with("SIP/2.0 487"));
  }

  TEST_CASE("no-codec and codecs: what is taken, and the status for the rest") {
    SimWorld world{assuming({"codecs=PCMA,PCMU", "no-codec=606"})};
    Phone modern{world, {"opus"}, sip::SdpProfile::savp};
    modern.dial();
    CHECK(modern.next(Kind::answered).status == 606);
    Phone old{world, {"PCMU", "PCMA"}, sip::SdpProfile::savp};
    old.dial();
    CHECK(world.post(world.take_call().call_id, "accept", plain_session).status == 200);
    old.talk();
    CHECK(old.media.codec.name == "PCMA");
  }

  TEST_CASE("deadline-status: what the caller gets when nobody decides") {
    SimConfig config = assuming({"deadline-status=480"});
    config.accept_deadline = 100ms;
    SimWorld world{std::move(config)};
    FaultyCall call{world, ""};
    CHECK(call.phone.next(Kind::answered).status == 480);
  }
}

TEST_SUITE("Assumptions about webhooks") {
  TEST_CASE("webhook-retries: none, or after the pauses that were named") {
    for (const bool again : {false, true}) {
      CAPTURE(again);
      SimConfig config = assuming({again ? "webhook-retries=1ms,2ms" : "webhook-retries=none"});
      config.live.enabled = false;
      config.accept_deadline = 2s;
      SimWorld world{std::move(config)};
      world.webhook_answer = 500;
      FaultyCall call{world, ""};
      if (again) {
        world.run_until([&] { return world.webhooks.size() >= 4; });
      } else {
        CHECK(call.phone.next(Kind::answered).status == 400);
        CHECK(world.webhooks.size() == 1);
      }
    }
  }

  TEST_CASE("webhook-timeout: a receiver that takes longer is asked again") {
    SimConfig config = assuming({"webhook-timeout=50ms", "webhook-retries=1ms"});
    config.live.enabled = false;
    SimWorld world{std::move(config)};
    world.webhook_delay = 400ms;
    FaultyCall call{world, ""};
    world.run_until([&] { return world.webhooks.size() >= 2; });
    CHECK(world.webhooks[0].headers.get("webhook-id") ==
          world.webhooks[1].headers.get("webhook-id"));
  }
}

TEST_SUITE("Assumptions about REST") {
  TEST_CASE("double-decision: another status than 409") {
    SimWorld world{assuming({"double-decision=400"})};
    FaultyCall call{world, ""};
    call.take();
    CHECK(world.post(call.id, "accept", plain_session).status == 400);
    CHECK(world.post(call.id, "reject").body.find("decision_already_made") != std::string::npos);
  }

  TEST_CASE("unknown-call: another status than 404, with the same code") {
    SimWorld world{assuming({"unknown-call=400"})};
    FaultyCall call{world, ""};
    const auto id = world.take_call().call_id;
    const std::string target = R"({"target_uri":"tel:+14155550123"})";
    for (const auto& answer : {world.post(id, "refer", target), world.post(id, "hangup"),
                               world.post("rtc_1", "accept")}) {
      CHECK(answer.status == 400);
      CHECK(answer.body.find("call_id_not_found") != std::string::npos);
    }
  }

  TEST_CASE("bad-accept: 400 and another try, or 200 and a call that fails") {
    {
      SimWorld world{assuming({"bad-accept=refuse"})};
      FaultyCall call{world, ""};
      const auto id = world.take_call().call_id;
      CHECK(world.post(id, "accept", bad_session).status == 400);
      CHECK(world.post(id, "accept", plain_session).status == 200);
    }
    SimWorld world{assuming({"bad-accept=fail-later"})};
    for (const std::string& body : {bad_session, std::string{"{"}}) {
      CAPTURE(body);
      FaultyCall call{world, ""};
      const auto id = world.take_call().call_id;
      CHECK(world.post(id, "accept", body).status == 200);
      CHECK(call.phone.next(Kind::answered).status == 400);
      CHECK(world.connect(id).error().status == 404);
    }
  }

  TEST_CASE("vad-in-accept: the three numbers are refused, or taken") {
    const std::string body =
        R"({"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad",)"
        R"("threshold":0.7,"prefix_padding_ms":200,"silence_duration_ms":350}}}})";
    SimWorld strict{assuming({})};
    FaultyCall refused{strict, ""};
    CHECK(strict.post(strict.take_call().call_id, "accept", body).status == 400);
    SimWorld lenient{assuming({"vad-in-accept=take"})};
    FaultyCall call{lenient, ""};
    call.id = lenient.take_call().call_id;
    CHECK(lenient.post(call.id, "accept", body).status == 200);
    const auto sideband = lenient.observe(call.id);
    const auto created = lenient.wait_for(*sideband, "session.created");
    CHECK(json_int(sideband->events[created],
                   "session.audio.input.turn_detection.silence_duration_ms") == 350);
  }
}

TEST_SUITE("Assumptions about sidebands") {
  TEST_CASE("early-sideband: before the accept another status than 404, after the end 404") {
    SimWorld world{assuming({"early-sideband=403"})};
    FaultyCall call{world, ""};
    const auto id = world.take_call().call_id;
    CHECK(world.connect(id).error().status == 403);
    CHECK(world.connect("rtc_1").error().status == 404);
    CHECK(world.post(id, "reject").status == 200);
    CHECK(world.connect(id).error().status == 404);
  }

  TEST_CASE("several-sidebands: a later one takes the place of the first") {
    SimWorld world{assuming({"several-sidebands=newest"})};
    FaultyCall call{world, ""};
    call.take();
    world.wait_for(*call.sideband, "session.created");
    const auto second = world.observe(call.id);
    world.wait_for(*second, "session.created");
    world.run_until([&] { return call.sideband->over; });
    CHECK_FALSE(second->over);
  }

  TEST_CASE("socket-end: a call that ends cuts the socket, or closes it") {
    for (const bool close : {false, true}) {
      CAPTURE(close);
      SimWorld world{assuming({close ? "socket-end=close-frame" : "socket-end=cut"})};
      FaultyCall call{world, ""};
      call.take();
      world.wait_for(*call.sideband, "session.created");
      CHECK(world.post(call.id, "hangup").status == 200);
      world.run_until([&] { return call.sideband->over; });
      CHECK((call.sideband->close_status == 1006) != close);
    }
  }

  TEST_CASE("rate-limits: after every response, or never") {
    for (const bool told : {true, false}) {
      CAPTURE(told);
      SimWorld world{assuming({told ? "rate-limits=after-response" : "rate-limits=never"})};
      FaultyCall call{world, ""};
      call.take();
      world.send(*call.sideband, say_hi);
      world.wait_for(*call.sideband, "output_audio_buffer.stopped");
      CHECK(call.sideband->find("rate_limits.updated").has_value() == told);
    }
  }

  TEST_CASE("session-lifetime and silence-duration: so says session.created") {
    SimWorld world{assuming({"session-lifetime=2s", "silence-duration=500ms"})};
    FaultyCall call{world, ""};
    call.take();
    const auto created = world.wait_for(*call.sideband, "session.created");
    const std::string detection = "session.audio.input.turn_detection.silence_duration_ms";
    CHECK(json_int(call.sideband->events[created], detection) == 500);
    world.send(*call.sideband, R"({"type":"session.update","session":{"type":"realtime",)"
                               R"("audio":{"input":{"turn_detection":{"type":"semantic_vad"}}}}})");
    world.send(*call.sideband, R"({"type":"session.update","session":{"type":"realtime",)"
                               R"("audio":{"input":{"turn_detection":{"type":"server_vad"}}}}})");
    const auto first = world.wait_for(*call.sideband, "session.updated");
    const auto again = world.wait_for(*call.sideband, "session.updated", first + 1);
    CHECK(json_int(call.sideband->events[again], detection) == 500);
    const auto error = world.wait_for(*call.sideband, "error");
    CHECK(json_string(call.sideband->events[error], "error.code") == "session_expired");
    CHECK(call.phone.next(Kind::closed).kind == Kind::closed);
  }
}

TEST_SUITE("Assumptions about the dialog") {
  TEST_CASE("reinvite: answered as RFC 3264 says, or refused with 488") {
    for (const bool answered : {true, false}) {
      CAPTURE(answered);
      SimWorld world{assuming({answered ? "reinvite=answer" : "reinvite=refuse"})};
      RawPhone phone{world};
      phone.call("");
      for (const std::string method : {"INVITE", "UPDATE"}) {
        phone.offer_again(method);
        CHECK(phone.statuses().ends_with(answered ? " 200" : " 488"));
      }
      CHECK(world.post(phone.id, "hangup").status == 200);
      static_cast<void>(phone.wait_for("BYE "));
    }
  }

  TEST_CASE("session-timers: agreed on, and BYE comes when the caller does not refresh") {
    SimWorld world{assuming({})};
    RawPhone phone{world};
    phone.more = "Supported: timer\r\nSession-Expires: 3;refresher=uac\r\n";
    const std::string answer = phone.call("");
    CHECK(answer.find("\r\nSession-Expires: 3;refresher=uac\r\n") != std::string::npos);
    CHECK(answer.find("\r\nRequire: timer\r\n") != std::string::npos);
    phone.offer_again("INVITE");
    CHECK(phone.last().find("\r\nSession-Expires: 3;refresher=uac\r\n") != std::string::npos);
    static_cast<void>(phone.wait_for("BYE "));
  }

  TEST_CASE("session-timers: not for a caller that wants us to refresh, or when ignored") {
    for (const std::string assumption : {"session-timers=honour", "session-timers=ignore"}) {
      CAPTURE(assumption);
      const bool ignored = assumption.ends_with("ignore");
      SimWorld world{assuming({assumption})};
      RawPhone phone{world};
      phone.more = std::string{"Supported: timer\r\nSession-Expires: 90;refresher="} +
                   (ignored ? "uac" : "uas") + "\r\n";
      CHECK(phone.call("").find("Session-Expires") == std::string::npos);
    }
  }

  TEST_CASE("options: 200 with what is allowed, or no response") {
    SimWorld polite{assuming({})};
    RawPhone asking{polite};
    asking.probe();
    CHECK(asking.last().find("\r\nAllow: ") != std::string::npos);
    SimWorld world{assuming({"options=ignore"})};
    RawPhone phone{world};
    phone.ask();
    phone.call("");
    CHECK(phone.statuses() == "100 200");  // both to the INVITE
  }

  TEST_CASE("rtp-silence: a caller that sends no RTP is hung up on, one that sends is not") {
    SimWorld world{assuming({"rtp-silence=1s"})};
    FaultyCall talking{world, ""};
    talking.take();
    RawPhone phone{world};
    phone.call("");
    static_cast<void>(phone.wait_for("BYE "));
    CHECK_FALSE(talking.sideband->over);
  }
}

}  // namespace
}  // namespace offhook::sim
