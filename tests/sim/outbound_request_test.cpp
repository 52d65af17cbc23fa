#include "sim/outbound_request.hpp"

#include <string>
#include <string_view>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

namespace offhook::sim {
namespace {

/// A body whose trunk is as given.
boost::json::value body(std::string_view trunk, std::string_view destination = "+14155550123") {
  return boost::json::parse(R"({"session":{"model":"gpt-live-1","instructions":"Hi"},
      "transport":{"type":"sip","destination":")" +
                            std::string{destination} + R"(","trunk":)" + std::string{trunk} + "}}");
}

std::string trunk_at(std::string_view url) {
  return R"({"provider_url":")" + std::string{url} + R"(","caller_number":"+14155550100"})";
}

/// The parameter that is refused, or "".
std::string wrong(const boost::json::value& request, bool local = false) {
  const auto read = parse_outbound(request, local);
  if (read) {
    return "";
  }
  CHECK(read.error().status == 400);
  return read.error().param.value_or("(none)");
}

TEST_SUITE("Outbound request") {
  TEST_CASE("names session, provider, number and credentials") {
    const auto read =
        parse_outbound(body(R"({"provider_url":"sips:Trunk.example.com:5071;transport=tcp","auth":
                 {"type":"digest","username":"u","password":"p"},"caller_number":"+14155550100"})"),
                       false);
    REQUIRE(read);
    CHECK(read->session.model() == "gpt-live-1");
    CHECK(read->trunk.target() == "sip:+14155550123@trunk.example.com:5071;transport=tls");
    CHECK(read->trunk.caller == "+14155550100");
    REQUIRE(read->trunk.credentials);
    CHECK(read->trunk.credentials->username == "u");
    CHECK(read->trunk.credentials->password.reveal() == "p");
  }

  TEST_CASE("a provider is a sips: host and nothing else") {
    CHECK(wrong(body(trunk_at("sips:trunk.example.com"))).empty());
    for (const std::string_view url :
         {"sip:trunk.example.com", "sips:u@trunk.example.com", "sips:", "sips:trunk.example.com/x",
          "sips:trunk.example.com;transport=udp", "sips:trunk.example.com;lr",
          "sips:trunk.example.com?X=1", "sips:trunk.example.com:0", "sips:trunk.example.com:99999",
          "https://trunk.example.com", "sips:a b.example.com"}) {
      CAPTURE(url);
      CHECK(wrong(body(trunk_at(url))) == "transport.trunk.provider_url");
    }
  }

  TEST_CASE("hosts near by are refused unless they are allowed") {
    for (const std::string_view host :
         {"localhost", "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1",
          "100.64.0.1", "0.0.0.0", "[::1]", "[fd00::1]", "[fe80::1]", "pbx", "pbx.local",
          "a.internal"}) {
      CAPTURE(host);
      const auto request = body(trunk_at("sips:" + std::string{host}));
      CHECK(wrong(request) == "transport.trunk.provider_url");
      CHECK(wrong(request, true).empty());
    }
    for (const std::string_view host : {"203.0.113.7", "[2001:db8::1]", "172.32.0.1", "a.b.org"}) {
      CAPTURE(host);
      CHECK(wrong(body(trunk_at("sips:" + std::string{host}))).empty());
    }
  }

  TEST_CASE("numbers are E.164") {
    const std::string trunk = trunk_at("sips:trunk.example.com");
    for (const std::string_view number : {"", "14155550123", "+0155550123", "+1415555012345678",
                                          "+1415x", "+", "sip:a@b.example.com", "+1 415"}) {
      CAPTURE(number);
      CHECK(wrong(body(trunk, number)) == "transport.destination");
    }
    CHECK(wrong(body(R"({"provider_url":"sips:t.example.com","caller_number":"me"})")) ==
          "transport.trunk.caller_number");
    CHECK(wrong(body(R"({"provider_url":"sips:t.example.com"})")) ==
          "transport.trunk.caller_number");
  }

  TEST_CASE("credentials are digest, and not endless") {
    const auto with = [](const std::string& auth) {
      return body(R"({"provider_url":"sips:t.example.com","caller_number":"+14155550100","auth":)" +
                  auth + "}");
    };
    CHECK(wrong(with("null")).empty());
    CHECK(wrong(with(R"({"type":"basic","username":"u","password":"p"})")) ==
          "transport.trunk.auth.type");
    CHECK(wrong(with(R"({"type":"digest","username":"","password":"p"})")) ==
          "transport.trunk.auth.username");
    CHECK(wrong(with(R"({"type":"digest","username":")" + std::string(257, 'u') +
                     R"(","password":"p"})")) == "transport.trunk.auth.username");
    CHECK(wrong(with(R"({"type":"digest","username":"u","password":")" + std::string(4'097, 'p') +
                     R"("})")) == "transport.trunk.auth.password");
    CHECK(wrong(with(R"({"type":"digest","username":"u","password":"p","realm":"r"})")) ==
          "transport.trunk.auth.realm");
  }

  TEST_CASE("the rest is as strict") {
    CHECK(wrong(boost::json::parse("{}")) == "session");
    CHECK(wrong(boost::json::parse(R"({"session":{"model":"m"}})")) == "transport");
    CHECK(wrong(boost::json::parse(R"({"session":{"model":"m","type":"live"},"transport":{}})")) ==
          "session.type");
    CHECK(wrong(boost::json::parse(R"({"session":{"model":"m"},"transport":{"type":"webrtc"}})")) ==
          "transport.type");
    CHECK(wrong(boost::json::parse(R"({"session":{"model":"m"},"transport":{"type":"sip",
        "destination":"+14155550123"}})")) == "transport.trunk");
    CHECK(wrong(boost::json::parse(R"({"session":{"model":"m"},"transport":{},"x":1})")) == "x");
  }
}

}  // namespace
}  // namespace offhook::sim
