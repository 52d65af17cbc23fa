#include <string>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "sim_fixture.hpp"

namespace offhook::sim {
namespace {

TEST_SUITE("Sim") {
  TEST_CASE("serves its REST API over HTTP and HTTPS") {
    SimWorld world;
    for (const char* scheme : {"http", "https"}) {
      CAPTURE(scheme);
      const auto response = world.post("rtc_nobody", "hangup", {}, scheme);
      CHECK(response.status == 404);
      CHECK(response.headers.get("content-type") == "application/json");
      CHECK(response.headers.has("x-request-id"));
      const auto body = boost::json::parse(response.body);
      CHECK(json_string(body, "error.code") == "call_id_not_found");
      CHECK(json_string(body, "error.type") == "invalid_request_error");
    }
  }

  TEST_CASE("refuses sidebands with a wrong key, and of calls it does not know") {
    SimWorld world;
    const auto stranger = world.connect("rtc_nobody", "sk-wrong");
    REQUIRE_FALSE(stranger);
    CHECK(stranger.error().status == 401);
    const auto unknown = world.connect("rtc_nobody");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().status == 404);
    CHECK(world.connect("rtc_nobody", test_key, "wss").error().status == 404);
  }

  TEST_CASE("does not start without a key, or on a port that is taken") {
    SimWorld world;
    const auto loop = sip::Loop::start().value();
    const auto executor = world.context().get_executor();
    const auto keyless = Sim::start(executor, *loop, world.engine(), SimConfig{}, nullptr);
    REQUIRE_FALSE(keyless);
    CHECK(keyless.error().code == Errc::invalid_argument);
    SimConfig config;
    config.api_key = Secret{"k"};
    config.api_port = world.sim().addresses().api_port;
    const auto taken = Sim::start(executor, *loop, world.engine(), config, nullptr);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == Errc::invalid_argument);
    CHECK(taken.error().detail.starts_with("sim: API"));
  }

  TEST_CASE("does not start with a voice or a webhook address that cannot be") {
    SimWorld world;
    const auto loop = sip::Loop::start().value();
    SimConfig mute;
    mute.voice = "nobody";
    SimConfig astray;
    astray.webhook_url = "ftp://127.0.0.1/webhook";
    for (SimConfig config : {mute, astray}) {
      config.api_key = Secret{"k"};
      const auto refused = Sim::start(world.context().get_executor(), *loop, world.engine(),
                                      std::move(config), nullptr);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::invalid_argument);
      CAPTURE(refused.error().detail);
      CHECK((refused.error().detail.find("slt, rms or kal16") != std::string::npos ||
             refused.error().detail.find("ftp://127.0.0.1/webhook") != std::string::npos));
    }
    CHECK_FALSE(world.sim().set_webhook("localhost:1", Secret{}));
    CHECK(world.sim().set_webhook("", Secret{}));
  }

  TEST_CASE("needs no certificates when nothing of it speaks TLS") {
    SimWorld world;
    SimConfig config;
    config.api_key = Secret{"k"};
    config.sip_tls_port.reset();
    config.sip_udp_port = 0;
    const auto loop = sip::Loop::start().value();
    const auto plain =
        Sim::start(world.context().get_executor(), *loop, world.engine(), config, nullptr);
    REQUIRE(plain);
    CHECK((*plain)->addresses().ca_file.empty());
    CHECK((*plain)->addresses().sip_udp_port != 0);
    CHECK((*plain)->addresses().sip_tls_port == 0);
  }
}

}  // namespace
}  // namespace offhook::sim
