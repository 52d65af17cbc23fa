// Faults that a caller meets before anybody talks, as they look on the wire.
#include <algorithm>
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

SimConfig impatient_udp() {
  SimConfig config = udp_config();
  config.accept_deadline = 100ms;
  return config;
}

std::ptrdiff_t count_of(const SimWorld& world, std::string_view name) {
  return std::ranges::count(world.marks, name, &Mark::name);
}

TEST_SUITE("Faults of the INVITE") {
  TEST_CASE("invite-ignored: not even 100, however often it comes, and no webhook") {
    SimWorld world{udp_config()};
    RawPhone phone{world};
    phone.invite("invite-ignored");
    world.run_until([&] { return world.marked("ignored"); });
    phone.invite("invite-ignored");
    phone.probe();
    CHECK(phone.statuses() == "200");  // to the OPTIONS
    CHECK(count_of(world, "invite.received") == 1);
    CHECK(world.webhooks.empty());
  }

  TEST_CASE("invite-unanswered: accepted and hung up, the caller still has nothing but 100") {
    SimWorld world{udp_config()};
    RawPhone phone{world};
    phone.invite("invite-unanswered");
    const auto id = world.take_call().call_id;
    CHECK(world.post(id, "accept", plain_session).status == 200);
    const auto sideband = world.observe(id);
    world.wait_for(*sideband, "session.created");
    CHECK(world.post(id, "hangup").status == 200);
    world.run_until([&] { return sideband->over; });
    phone.probe();
    CHECK(phone.statuses() == "100 200");  // the latter to the OPTIONS
    CHECK(phone.cancel().starts_with("SIP/2.0 487 "));
  }

  TEST_CASE("invite-unanswered: neither a deadline nor a refusal ends the wait") {
    SimWorld world{impatient_udp()};
    RawPhone phone{world};
    phone.invite("invite-unanswered");
    world.run_until([&] { return world.marked("ended"); });
    RawPhone refused{world};
    refused.invite("invite-unanswered");
    static_cast<void>(world.take_call());
    const auto id = world.take_call().call_id;
    CHECK(world.post(id, "reject").status == 200);
    for (RawPhone* const one : {&phone, &refused}) {
      one->probe();
      CHECK(one->statuses() == "100 200");
      CHECK(one->cancel().starts_with("SIP/2.0 487 "));
    }
  }

  TEST_CASE("invite-400, invite-408, invite-503: refused at once, without a webhook") {
    SimWorld world;
    for (const int status : {400, 408, 503}) {
      FaultyCall call{world, "invite-" + std::to_string(status)};
      CHECK(call.phone.next(Kind::answered).status == status);
    }
    FaultyCall good{world, ""};
    good.take();
    CHECK(world.webhooks.size() <= 2);  // of the last call, to both APIs
  }

  TEST_CASE("contact-403: for a Contact with a parameter twice, and for no other") {
    SimWorld world{udp_config()};
    RawPhone odd{world};
    odd.contact_parameters = ";transport=udp;transport=udp";
    odd.invite("contact-403");
    CHECK(odd.wait_for("SIP/2.0 4").starts_with("SIP/2.0 403 Forbidden"));
    CHECK(world.webhooks.empty());
    RawPhone even{world};
    even.contact_parameters = ";transport=udp;ob";
    CHECK(even.call("contact-403").starts_with("SIP/2.0 200"));
    RawPhone tolerated{world};
    tolerated.contact_parameters = ";transport=udp;transport=udp";
    CHECK(tolerated.call("").starts_with("SIP/2.0 200"));
  }

  TEST_CASE("dtls-as-rtp: plain RTP is answered and flows, where 488 is usual") {
    SimWorld world{udp_config()};
    RawPhone strict{world};
    strict.protocol = "UDP/TLS/RTP/SAVP";
    strict.invite("");
    CHECK(strict.wait_for("SIP/2.0 4").starts_with("SIP/2.0 488 "));
    RawPhone phone{world};
    phone.protocol = "UDP/TLS/RTP/SAVP";
    const std::string answer = phone.call("dtls-as-rtp");
    CHECK(answer.find(" RTP/AVP 0\r\n") != std::string::npos);
    CHECK(answer.find("UDP/TLS") == std::string::npos);
    phone.wait_for_packets(5);
  }

  TEST_CASE("reject-silent: the controller gets 200, the caller nothing") {
    SimWorld world{udp_config()};
    RawPhone phone{world};
    phone.invite("reject-silent");
    const auto id = world.take_call().call_id;
    CHECK(world.post(id, "reject").status == 200);
    phone.probe();
    CHECK(phone.statuses() == "100 200");
    CHECK(world.post(id, "accept", plain_session).status == 409);
    CHECK(phone.cancel().starts_with("SIP/2.0 487 "));
  }

  TEST_CASE("A caller who waits in vain and never cancels is forgotten without a word") {
    for (const std::string quirk : {"invite-unanswered", "reject-silent"}) {
      CAPTURE(quirk);
      SimConfig config = udp_config();
      config.caller_patience = 100ms;
      config.accept_deadline = 10min;
      SimWorld world{std::move(config)};
      RawPhone phone{world};
      phone.invite(quirk);
      const auto id = world.take_call().call_id;
      if (quirk == "reject-silent") {
        CHECK(world.post(id, "reject").status == 200);
      }
      world.run_until([&] { return world.marked("caller.forgotten"); });
      const auto status = boost::json::parse(world.request("GET", "/_sim").body);
      CHECK(status.at("calls").as_array().empty());
      phone.probe();
      CHECK(phone.statuses() == "100 200");
      static_cast<void>(phone.cancel("SIP/2.0 481 "));
      CHECK(phone.statuses() == "100 200 481");
    }
  }
}

}  // namespace
}  // namespace offhook::sim
