// The faults of calls that Live took.
#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "phone.hpp"
#include "sim_fixture.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;
using Kind = sip::CallEvent::Kind;

const std::string say_good_morning =
    R"({"type":"session.instructions.append","content":"Say Good morning.","delegation_id":null})";

/// A caller who wishes for faults and whose call Live takes.
struct FaultyLiveCall {
  explicit FaultyLiveCall(const std::string& quirks) : phone{world, {"opus"}, profile} {
    world.faults.extra_fields = quirks.find("extra-fields") != std::string::npos;
    world.faults.unknown_events = quirks.find("unknown-events") != std::string::npos;
    phone.dial("proj_sim", quirks);
    id = world.take_session().session_id;
    accepted =
        world.post_live(id, "accept", R"({"session":{"type":"live","model":"gpt-live-1"}})").status;
    sideband = world.observe_live(id);
    phone.talk();
  }

  static constexpr sip::SdpProfile profile = sip::SdpProfile::savp;
  SimWorld world;
  Phone phone;
  std::string id;
  int accepted = 0;
  std::shared_ptr<Observed> sideband;
};

TEST_SUITE("Faults of Live calls") {
  TEST_CASE("sideband-drop, broken-frame: two sidebands end, the call and the third go on") {
    FaultyLiveCall call{"sideband-drop, broken-frame"};
    for (const int status : {1006, 1002}) {
      call.world.run_until([&] { return call.sideband->over; });
      CHECK(call.sideband->close_status == status);
      call.sideband = call.world.observe_live(call.id);
    }
    call.world.send(*call.sideband, say_good_morning);
    call.world.wait_for(*call.sideband, "session.output_transcript.delta");
    CHECK_FALSE(call.sideband->over);
    CHECK(call.world.post_live(call.id, "hangup").status == 200);
    CHECK(call.phone.next(Kind::closed).kind == Kind::closed);
  }

  TEST_CASE("unknown-events: one comes, and the session goes on") {
    FaultyLiveCall call{"unknown-events"};
    call.world.wait_for(*call.sideband, "session.weather_changed");
    call.world.send(*call.sideband, say_good_morning);
    call.world.wait_for(*call.sideband, "session.output_transcript.delta");
  }

  TEST_CASE("extra-fields: the webhook and all events have one that nobody knows") {
    FaultyLiveCall call{"extra-fields"};
    const auto& webhooks = call.world.webhooks;
    CHECK(std::any_of(webhooks.begin(), webhooks.end(), [](const net::HttpRequest& webhook) {
      return webhook.body.find("live.transport.incoming") != std::string::npos &&
             webhook.body.find(R"("unheard_of": {)") != std::string::npos;
    }));
    call.world.send(*call.sideband, say_good_morning);
    call.world.wait_for(*call.sideband, "session.instructions.appended");
    for (const auto& event : call.sideband->events) {
      CHECK(event.as_object().contains("unheard_of"));
    }
  }

  TEST_CASE("early-expiry: session.closed says so, and BYE follows") {
    FaultyLiveCall call{"early-expiry"};
    CHECK(call.accepted == 200);
    const auto closed = call.world.wait_for(*call.sideband, "session.closed");
    CHECK(json_string(call.sideband->events[closed], "reason") == "expired");
    CHECK(call.phone.next(Kind::closed).kind == Kind::closed);
    CHECK(call.world.post_live(call.id, "hangup").status == 404);
  }

  TEST_CASE("content-filter: the session is closed after the first word, and BYE follows") {
    FaultyLiveCall call{"content-filter"};
    call.world.send(*call.sideband, say_good_morning);
    const auto closed = call.world.wait_for(*call.sideband, "session.closed");
    CHECK(json_string(call.sideband->events[closed], "reason") == "content");
    const auto word = call.sideband->find("session.output_transcript.delta");
    REQUIRE(word.has_value());
    CHECK_FALSE(call.sideband->find("session.output_transcript.delta", *word + 1).has_value());
    CHECK(call.phone.next(Kind::closed).kind == Kind::closed);
  }

  TEST_CASE("loss: packets are missing, and the words come") {
    FaultyLiveCall call{"loss"};
    call.world.send(*call.sideband, say_good_morning);
    call.world.wait_for(*call.sideband, "session.output_transcript.delta");
    call.world.run_until([&] { return call.phone.stream->stats().packets_lost > 0; });
    CHECK(call.phone.stream->stats().packets_received > 0);
    CHECK(call.phone.stream->stats().srtp_failures == 0);
  }
}

}  // namespace
}  // namespace offhook::sim
