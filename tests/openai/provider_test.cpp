#include "openai/provider.hpp"

#include <doctest/doctest.h>

using offhook::Errc;
using offhook::Secret;
using offhook::openai::KeyHeader;
using offhook::openai::Provider;
using offhook::openai::region;

TEST_SUITE("provider") {
  TEST_CASE("shows the key as a bearer token") {
    const Provider provider{.api_key = Secret{"sk-sim"}};
    CHECK(provider.auth_headers().get("authorization") == "Bearer sk-sim");
  }

  TEST_CASE("shows the key as Azure wants it") {
    const Provider provider{.api_key = Secret{"sk-sim"}, .key_header = KeyHeader::api_key};
    CHECK(provider.auth_headers().get("api-key") == "sk-sim");
    CHECK_FALSE(provider.auth_headers().has("authorization"));
  }

  TEST_CASE("has its sideband where its API is, with TLS when the API has it") {
    Provider provider;
    CHECK(provider.sideband_url("rtc_1") == "wss://api.openai.com/v1/realtime?call_id=rtc_1");
    provider.api_base = "http://127.0.0.1:8090/v1";
    CHECK(provider.sideband_url("rtc_1") == "ws://127.0.0.1:8090/v1/realtime?call_id=rtc_1");
  }

  TEST_CASE("passes call ids on unchanged, escaped for the address") {
    const Provider provider;
    CHECK(provider.call_url("rtc a/b?c", "accept") ==
          "https://api.openai.com/v1/realtime/calls/rtc%20a%2Fb%3Fc/accept");
    CHECK(provider.sideband_url("a&b=c") == "wss://api.openai.com/v1/realtime?call_id=a%26b%3Dc");
  }
}

TEST_SUITE("region") {
  TEST_CASE("names the SIP and the REST host together") {
    CHECK(region("")->sip_host == "sip.api.openai.com");
    CHECK(region("")->api_base == "https://api.openai.com/v1");
    CHECK(region("eu")->sip_host == "sip-eu.api.openai.com");
    CHECK(region("eu")->api_base == "https://eu.api.openai.com/v1");
    CHECK(region("in")->sip_host == "sip-in.api.openai.com");
  }

  TEST_CASE("that is not known is an error that names the known ones") {
    const auto unknown = region("mars");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == Errc::invalid_argument);
    CHECK(unknown.error().detail.find("eu or in") != std::string::npos);
  }
}
