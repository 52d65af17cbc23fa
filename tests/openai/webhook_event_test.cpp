#include <doctest/doctest.h>

#include "openai/webhook.hpp"

using offhook::Errc;
using offhook::openai::LiveTransportIncoming;
using offhook::openai::OtherWebhook;
using offhook::openai::parse_webhook;
using offhook::openai::RealtimeCallIncoming;
using offhook::openai::sip_header;
using offhook::openai::SipHeaderField;

TEST_SUITE("webhook event") {
  TEST_CASE("of an incoming Realtime call gives id, headers in order and media security") {
    const auto event = parse_webhook(
        R"({"id": "evt_1", "object": "event", "created_at": 1795305599,
            "type": "realtime.call.incoming", "data": {"call_id": "rtc_u0_1", "sip_headers": [
              {"name": "Via", "value": "a"}, {"name": "X-Offhook-Call", "value": "call-7"},
              {"name": "via", "value": "b"}], "sip_media_security": "srtp", "new_field": {}}})");
    REQUIRE(event);
    const auto& call = std::get<RealtimeCallIncoming>(*event);
    CHECK(call.event_id == "evt_1");
    CHECK(call.call_id == "rtc_u0_1");
    CHECK(call.media_security == "srtp");
    REQUIRE(call.sip_headers.size() == 3);
    CHECK(call.sip_headers[2].name == "via");
    CHECK(call.sip_headers[2].value == "b");
    CHECK(sip_header(call.sip_headers, "x-offhook-call") == "call-7");
  }

  TEST_CASE("of a test delivery with empty or absent data is a call without id") {
    for (const char* body :
         {R"({"type":"realtime.call.incoming","data":{}})", R"({"type":"realtime.call.incoming"})",
          R"({"type":"realtime.call.incoming","data":null})"}) {
      CAPTURE(body);
      const auto event = parse_webhook(body);
      REQUIRE(event);
      CHECK(std::get<RealtimeCallIncoming>(*event).call_id.empty());
    }
  }

  TEST_CASE("leaves out headers that are no pair of texts") {
    const auto event = parse_webhook(
        R"({"type":"realtime.call.incoming","data":{"call_id":"rtc_1","sip_headers":
            [null, 7, "To", {"name":"From"}, {"name":1,"value":"x"}, {"name":"To","value":"y"}]}})");
    REQUIRE(event);
    const auto& call = std::get<RealtimeCallIncoming>(*event);
    REQUIRE(call.sip_headers.size() == 1);
    CHECK(call.sip_headers[0].value == "y");
  }

  TEST_CASE("of a Live call is told apart, under its new and its old name") {
    for (const char* body :
         {R"({"type":"live.transport.incoming","data":{"type":"sip","session_id":"live_1"}})",
          R"({"type":"live.call.incoming","data":{"session_id":"live_1"}})"}) {
      CAPTURE(body);
      const auto event = parse_webhook(body);
      REQUIRE(event);
      CHECK(std::get<LiveTransportIncoming>(*event).session_id == "live_1");
    }
  }

  TEST_CASE("of a Live transport that is no SIP call is left alone") {
    const auto event =
        parse_webhook(R"({"type":"live.transport.incoming","data":{"type":"webrtc"}})");
    REQUIRE(event);
    CHECK(std::get<OtherWebhook>(*event).type == "live.transport.incoming");
  }

  TEST_CASE("of any other type keeps its name and id") {
    const auto event = parse_webhook(R"({"id":"evt_2","type":"response.completed","data":{}})");
    REQUIRE(event);
    CHECK(std::get<OtherWebhook>(*event).type == "response.completed");
    CHECK(std::get<OtherWebhook>(*event).event_id == "evt_2");
  }

  TEST_CASE("without a type, or that is no JSON, is malformed") {
    for (const char* body : {"", "{", "[]", "null", "{}", R"({"type":7})", R"({"type":""})",
                             R"({"type":"x"} trailing)", "\xff\xfe"}) {
      CAPTURE(body);
      CHECK(parse_webhook(body).error().code == Errc::malformed_message);
    }
  }
}

TEST_SUITE("SIP header list") {
  TEST_CASE("is searched without regard to case, the first of a name wins") {
    const std::vector<SipHeaderField> headers{{"To", "1"}, {"X-ACCOUNT", "2"}, {"x-account", "3"}};
    CHECK(sip_header(headers, "X-Account") == "2");
    CHECK(sip_header(headers, "X-Accoun").empty());
  }
}
