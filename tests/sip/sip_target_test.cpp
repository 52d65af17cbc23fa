#include "sip/sip_target.hpp"

#include <doctest/doctest.h>

using offhook::sip::parse_sip_target;

TEST_SUITE("SIP target") {
  TEST_CASE("is taken apart; the port defaults to 5061") {
    const auto target = parse_sip_target("sip:proj_x@sip.api.openai.com;transport=tls");
    REQUIRE(target.has_value());
    CHECK(target->user == "proj_x");
    CHECK(target->host == "sip.api.openai.com");
    CHECK(target->port == 5061);
  }

  TEST_CASE("may ask for TLS in any spelling") {
    for (const char* good : {"sip:a@host;transport=tls", "SIP:a@Host;lr;Transport=TLS",
                             "sips:a@host", "SIPS:a@host;transport=tls", "sips:a@host;lr"}) {
      CAPTURE(good);
      CHECK(parse_sip_target(good).has_value());
    }
  }

  TEST_CASE("goes into requests as sip: with transport=tls") {
    CHECK(parse_sip_target("sips:a@host:5062;lr")->uri == "sip:a@host:5062;lr;transport=tls");
    CHECK(parse_sip_target("SIP:a@[::1];Transport=TLS")->uri == "sip:a@[::1];Transport=TLS");
  }

  TEST_CASE("may have a port and an IPv6 literal") {
    CHECK(parse_sip_target("sip:a@127.0.0.1:15161;transport=tls")->port == 15161);
    const auto six = parse_sip_target("sip:a@[::1]:5062;transport=tls");
    REQUIRE(six.has_value());
    CHECK(six->host == "::1");
    CHECK(six->port == 5062);
  }

  TEST_CASE("is refused with advice when it cannot be called") {
    for (const char* bad : {"",
                            "proj_x",
                            "sip:",
                            "sip:@host;transport=tls",
                            "sip:a@;transport=tls",
                            "sip:a@host",
                            "sip:a@host;transport=udp",
                            "sip:a@host;transport=tlsx",
                            "sip:a@host:0;transport=tls",
                            "sip:a@host:99999;transport=tls",
                            "sip:a@host:5061x;transport=tls",
                            "sip:a b@host;transport=tls",
                            "sip:a@host;transport=tls\r\nX: y",
                            "sip:a@[::1;transport=tls:",
                            "sip:a@b@host;transport=tls",
                            "sip:a@[];transport=tls",
                            "sip:a@ho/st;transport=tls",
                            "sips:a@host;transport=udp",
                            "sip:a@host;x=transport=tls",
                            "<sip:a@host;transport=tls>"}) {
      CAPTURE(bad);
      const auto target = parse_sip_target(bad);
      REQUIRE_FALSE(target.has_value());
      CHECK(target.error().code == offhook::Errc::invalid_argument);
      CHECK(target.error().detail.find("write sip:USER@HOST") != std::string::npos);
    }
  }
}
