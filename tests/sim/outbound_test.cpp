#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "../net/test_certificates.hpp"
#include "audio/similarity.hpp"
#include "phone.hpp"
#include "sim_fixture.hpp"

namespace offhook::sim {
namespace {

using Kind = sip::CallEvent::Kind;
using test::TestCertificates;

const std::string say_hello_outbound =
    R"({"type":"session.instructions.append","content":"Say Good morning.","delegation_id":null})";

SimConfig outbound_config(const std::string& trunk_ca, SimConfig config = {}) {
  config.live.outbound = true;
  config.live.trunk_ca_file = trunk_ca;
  return config;
}

SimConfig assuming_outbound(std::string_view assumption) {
  SimConfig config;
  REQUIRE(assume(config.assumptions, assumption));
  return config;
}

SimConfig with_faults(std::vector<QuirkChance> quirks) {
  SimConfig config;
  config.quirks = std::move(quirks);
  return config;
}

/// A provider of telephone lines, and a sim that calls by it.
struct Trunk {
  explicit Trunk(const std::string& ca_file, SimConfig rest = {})
      : world{outbound_config(ca_file, std::move(rest))} {
    sip::ServerConfig config;
    config.tls_port = 0;
    config.tls_cert_file = certificates().server_file();
    endpoint = sip::Endpoint::start_server(
                   *loop, world.context().get_executor(), config, {},
                   [this](sip::IncomingCall call) { incoming.push_back(std::move(call)); })
                   .value();
  }
  Trunk() : Trunk{certificates().ca_file()} {}
  explicit Trunk(SimConfig rest) : Trunk{certificates().ca_file(), std::move(rest)} {}

  static const TestCertificates& certificates() {
    static const TestCertificates made;
    return made;
  }

  std::string dial() {
    const auto response = world.request(
        "POST", "/v1/live/sessions",
        R"({"session":{"model":"gpt-live-1"},"transport":{"type":"sip","destination":
            "+14155550123","trunk":{"provider_url":"sips:127.0.0.1:)" +
            std::to_string(endpoint->tls_port()) + R"(","caller_number":"+14155550100"}}})");
    REQUIRE(response.status == 200);
    const auto body = boost::json::parse(response.body);
    CHECK(json_string(body, "transport.type") == "sip");
    return std::string{json_string(body, "session.id")};
  }

  sip::IncomingCall take() {
    world.run_until([&] { return !incoming.empty(); });
    sip::IncomingCall call = std::move(incoming.front());
    incoming.pop_front();
    return call;
  }

  /// Answers with the first of these codecs that is offered, and lets sound flow.
  void answer(sip::IncomingCall& call, const std::string& codec) {
    auto sockets = media::MediaSockets::bind("127.0.0.1").value();
    sip::MediaCapabilities own;
    own.address = "127.0.0.1";
    own.port = sockets.rtp_port();
    const auto& info = audio::codec_info(audio::codec_by_name(codec).value());
    own.codecs = {{info.payload_type, std::string{info.sdp_name}, info.rtp_clock_hz,
                   info.sdp_channels, std::string{info.fmtp}}};
    const auto answered = sip::answer_offer(own, call.sdp).value();
    stream.emplace(world.engine()
                       .add(std::move(sockets), stream_config(answered.media).value(), port)
                       .value());
    call.call.answer(answered.sdp, own, answered.media);
  }

  [[nodiscard]] Kind last(sip::Call& call) {
    for (;;) {
      const auto event = world.run(call.next_event());
      if (event.kind == Kind::closed || event.kind == Kind::failed) {
        return event.kind;
      }
    }
  }

  SimWorld world;
  std::unique_ptr<sip::Loop> loop = sip::Loop::start().value();
  std::deque<sip::IncomingCall> incoming;
  std::unique_ptr<sip::Endpoint> endpoint;
  CallerPort port;
  std::optional<media::Stream> stream{};
};

TEST_SUITE("Outbound Live call") {
  TEST_CASE("rings, is answered, is heard and ends") {
    Trunk trunk;
    const std::string id = trunk.dial();
    CHECK(id.starts_with("live_"));
    const auto sideband = trunk.world.observe_live(id);
    auto call = trunk.take();
    CHECK(call.request_user == "+14155550123");
    CHECK(call.sdp.find("opus/48000/2") != std::string::npos);
    CHECK(call.sdp.find("a=crypto:") != std::string::npos);
    CHECK(call.sdp.find("PCMU") == std::string::npos);
    bool from_caller = false;
    for (const auto& field : call.headers) {
      from_caller = from_caller ||
                    (field.name == "From" && field.value.find("+14155550100") != std::string::npos);
    }
    CHECK(from_caller);
    call.call.ring();
    trunk.world.wait_for(*sideband, "transport.ringing");
    CHECK_FALSE(sideband->find("transport.answered"));
    trunk.answer(call, "opus");
    trunk.world.wait_for(*sideband, "transport.answered");
    trunk.world.send(*sideband,
                     R"({"type":"session.instructions.append","content":"Say Good morning.",
                                    "delegation_id":null})");
    trunk.world.run_until([&] {
      const auto heard = trunk.port.heard();
      return heard.size() > 3'200 && audio::rms_dbfs(heard.last(3'200)) > -40;
    });
    call.call.hang_up();
    const auto closed = trunk.world.wait_for(*sideband, "session.closed");
    CHECK(json_string(sideband->events[closed], "reason") == "remote_hangup");
    CHECK(trunk.world.post_live(id, "hangup").status == 404);
  }

  TEST_CASE("that is refused tells why, to those who attach afterwards, too") {
    Trunk trunk;
    const std::string id = trunk.dial();
    auto call = trunk.take();
    call.call.reject(486, "Busy Here");
    trunk.world.run_until([&] { return trunk.world.marked("failed"); });
    const auto sideband = trunk.world.observe_live(id);
    const auto failed = trunk.world.wait_for(*sideband, "transport.failed");
    const auto& event = sideband->events[failed];
    CHECK(json_string(event, "session_id") == id);
    CHECK(json_string(event, "error.type") == "call_error");
    CHECK(json_string(event, "error.code") == "provider_invite_failed");
    CHECK(json_string(event, "error.message").find("486 Busy Here") != std::string_view::npos);
    const auto closed = trunk.world.wait_for(*sideband, "session.closed");
    CHECK(json_string(sideband->events[closed], "reason") == "connection_lost");
    trunk.world.run_until([&] { return sideband->over; });
  }

  TEST_CASE("whose answer is of no use tells why, to those who attach afterwards, too") {
    Trunk trunk;
    const std::string id = trunk.dial();
    auto call = trunk.take();
    call.call.answer(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        "m=audio 9 RTP/AVP 0\r\n",
        {}, {});
    CHECK(trunk.last(call.call) == Kind::closed);
    const auto sideband = trunk.world.observe_live(id);
    const auto failed = trunk.world.wait_for(*sideband, "transport.failed");
    CHECK(json_string(sideband->events[failed], "error.message").find("Opus") !=
          std::string_view::npos);
    trunk.world.run_until([&] { return sideband->over; });
  }

  TEST_CASE("is cancelled by hangup before anybody answers") {
    Trunk trunk;
    const std::string id = trunk.dial();
    auto call = trunk.take();
    CHECK(trunk.world.post_live(id, "refer", R"({"target_uri":"tel:+1"})").status == 404);
    CHECK(trunk.world.post_live(id, "hangup").status == 200);
    CHECK(trunk.last(call.call) == Kind::closed);
    CHECK(trunk.world.post_live(id, "hangup").status == 404);
  }

  TEST_CASE("fails by a provider whose certificate is not trusted") {
    const TestCertificates others;
    Trunk trunk{others.ca_file()};
    const std::string id = trunk.dial();
    const auto sideband = trunk.world.observe_live(id);
    const auto failed = trunk.world.wait_for(*sideband, "transport.failed");
    CHECK(json_string(sideband->events[failed], "error.code") == "provider_invite_failed");
    CHECK(trunk.incoming.empty());
  }

  TEST_CASE("outbound-ringing: it is given up when nobody answers for so long") {
    for (const bool observed : {true, false}) {
      CAPTURE(observed);
      Trunk trunk{assuming_outbound("outbound-ringing=500ms")};
      const std::string id = trunk.dial();
      auto sideband = observed ? trunk.world.observe_live(id) : nullptr;
      auto call = trunk.take();
      call.call.ring();
      CHECK(trunk.last(call.call) == Kind::closed);
      if (!observed) {
        trunk.world.run_until([&] { return trunk.world.marked("failed"); });
        sideband = trunk.world.observe_live(id);
      }
      const auto failed = trunk.world.wait_for(*sideband, "transport.failed");
      CHECK(json_string(sideband->events[failed], "error.message").find("Nobody answered") !=
            std::string_view::npos);
      const auto closed = trunk.world.wait_for(*sideband, "session.closed");
      CHECK(json_string(sideband->events[closed], "reason") == "connection_lost");
      trunk.world.run_until([&] { return sideband->over; });
      CHECK(trunk.world.post_live(id, "hangup").status == 404);
    }
  }

  TEST_CASE("outbound-lifetime: it ends so long after its answer, however long it rang") {
    SimConfig config = assuming_outbound("outbound-lifetime=1s");
    REQUIRE(assume(config.assumptions, "outbound-ringing=30s"));
    Trunk trunk{std::move(config)};
    const std::string id = trunk.dial();
    const auto sideband = trunk.world.observe_live(id);
    auto call = trunk.take();
    trunk.world.pass(std::chrono::milliseconds{1'500});
    CHECK_FALSE(sideband->find("session.closed"));
    trunk.answer(call, "opus");
    trunk.world.wait_for(*sideband, "transport.answered");
    const auto closed = trunk.world.wait_for(*sideband, "session.closed");
    CHECK(json_string(sideband->events[closed], "reason") == "expired");
    CHECK(trunk.last(call.call) == Kind::closed);
  }

  TEST_CASE("is an outgoing one in the view") {
    Trunk trunk;
    const std::string id = trunk.dial();
    auto call = trunk.take();
    const auto view = boost::json::parse(trunk.world.request("GET", "/_sim").body);
    const auto& calls = json_at(view, "calls")->as_array();
    REQUIRE(calls.size() == 1);
    CHECK(json_string(calls[0], "session_id") == id);
    CHECK(json_string(calls[0], "direction") == "outgoing");
    CHECK(json_string(calls[0], "state") == "accepted");
    CHECK(json_at(calls[0], "call_id") == nullptr);
  }
}

TEST_SUITE("Faults of outbound Live calls") {
  TEST_CASE("sideband-drop: the first one is cut, the call and the next go on") {
    Trunk trunk{with_faults({{Quirk::sideband_drop, 1}})};
    const std::string id = trunk.dial();
    const auto first = trunk.world.observe_live(id);
    auto call = trunk.take();
    trunk.answer(call, "opus");
    trunk.world.run_until([&] { return first->over; });
    CHECK(first->close_status == 1006);
    const auto second = trunk.world.observe_live(id);
    trunk.world.send(*second, say_hello_outbound);
    trunk.world.wait_for(*second, "session.output_transcript.delta");
    CHECK(trunk.world.post_live(id, "hangup").status == 200);
    CHECK(trunk.last(call.call) == Kind::closed);
  }

  TEST_CASE("extra-fields, early-expiry: all events have one, and the call is short") {
    Trunk trunk{with_faults({{Quirk::extra_fields, 1}, {Quirk::early_expiry, 1}})};
    trunk.world.faults.extra_fields = true;
    const auto sideband = trunk.world.observe_live(trunk.dial());
    auto call = trunk.take();
    trunk.answer(call, "opus");
    trunk.world.wait_for(*sideband, "transport.answered");
    const auto closed = trunk.world.wait_for(*sideband, "session.closed");
    CHECK(json_string(sideband->events[closed], "reason") == "expired");
    for (const auto& event : sideband->events) {
      CHECK(event.as_object().contains("unheard_of"));
    }
    CHECK(trunk.last(call.call) == Kind::closed);
  }

  TEST_CASE("loss: packets are missing, and the words come") {
    Trunk trunk{with_faults({{Quirk::loss, 1}})};
    const auto sideband = trunk.world.observe_live(trunk.dial());
    auto call = trunk.take();
    trunk.answer(call, "opus");
    trunk.world.wait_for(*sideband, "transport.answered");
    trunk.world.send(*sideband, say_hello_outbound);
    trunk.world.wait_for(*sideband, "session.output_transcript.delta");
    trunk.world.run_until([&] { return trunk.stream->stats().packets_lost > 0; });
    CHECK(trunk.stream->stats().srtp_failures == 0);
  }
}

}  // namespace
}  // namespace offhook::sim
