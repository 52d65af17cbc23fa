#include "sim/webhook_body.hpp"

#include <string>
#include <variant>

#include <doctest/doctest.h>

#include "base/secret.hpp"
#include "openai/webhook.hpp"

namespace offhook::sim {
namespace {

TEST_SUITE("Webhook body") {
  TEST_CASE("is written byte for byte as OpenAI writes it") {
    // A call event whose signature was computed with three independent HMAC implementations.
    IncomingEvent event;
    event.event_id = "evt_0123456789abcdef0123456789abcdef";
    event.created_at = 1'795'305'599;
    event.call_id = "rtc_u0_SimCall0000000000000001";
    event.sip_headers = {{"From", R"("Alice" <sip:+15550100@127.0.0.1>;tag=a1)"},
                         {"To", "<sip:proj_SimProject0001@127.0.0.1:5061;transport=tls>"},
                         {"Call-ID", "simcall-1@127.0.0.1"}};
    event.media_security = "srtp";
    const std::string body = webhook_body(event);
    CHECK(body.size() == 436);
    const Secret secret{"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="};
    CHECK(openai::sign_webhook(secret, "wh_0123456789abcdef0123456789abcdef", "1795305600", body) ==
          "v1,qmLfBax3dcpccY7olu/GN4D6qrNmziYqFoUDVYyVS5E=");
  }

  TEST_CASE("tells of a Live session in that API's words") {
    IncomingEvent event;
    event.type = "live.transport.incoming";
    event.event_id = "evt_1";
    event.call_id = "live_1";
    event.media_security = "srtp";
    CHECK(
        webhook_body(event) ==
        R"({"id": "evt_1", "object": "event", "created_at": 0, "type": "live.transport.incoming", )"
        R"("data": {"type": "sip", "session_id": "live_1", "sip_headers": [], )"
        R"("sip_media_security": "srtp"}})");
    event.type = "live.call.incoming";
    CHECK(webhook_body(event).find(R"("data": {"session_id": "live_1",)") != std::string::npos);
  }

  TEST_CASE("keeps order, spelling and repetitions of headers, but no credentials") {
    IncomingEvent event;
    event.sip_headers = {{"Via", "one"},
                         {"authorization", "Digest secret"},
                         {"Via", "two"},
                         {"Proxy-Authorization", "Digest secret"},
                         {"x-ODD-case", ""}};
    const std::string body = webhook_body(event);
    CHECK(body.find(R"([{"name": "Via", "value": "one"}, {"name": "Via", "value": "two"}, )"
                    R"({"name": "x-ODD-case", "value": ""}])") != std::string::npos);
    CHECK(body.find("secret") == std::string::npos);
  }

  TEST_CASE("is ASCII whatever a caller puts into headers") {
    CHECK(quote_ascii("a\"b\\c\n\t\x01\x7f") == R"("a\"b\\c\n\t\u0001\u007f")");
    CHECK(quote_ascii("Zoë") == R"("Zo\u00eb")");
    CHECK(quote_ascii("☎") == R"("\u260e")");
    CHECK(quote_ascii("😀") == R"("\ud83d\ude00")");
    CHECK(quote_ascii("\xff\xc3") == R"("\ufffd\ufffd")");
    CHECK(quote_ascii("\xc0\x80") == R"("\ufffd\ufffd")");            // overlong
    CHECK(quote_ascii("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")");  // half of a surrogate pair
  }

  TEST_CASE("is understood by our own reader") {
    IncomingEvent event;
    event.event_id = "evt_1";
    event.call_id = "rtc_1";
    event.sip_headers = {{"X-Offhook-Call", "abc"}, {"Subject", "Zoë \"quoted\""}};
    event.media_security = "rtp";
    const auto parsed = openai::parse_webhook(webhook_body(event));
    REQUIRE(parsed);
    const auto* const incoming = std::get_if<openai::RealtimeCallIncoming>(&*parsed);
    REQUIRE(incoming != nullptr);
    CHECK(incoming->call_id == "rtc_1");
    CHECK(incoming->media_security == "rtp");
    CHECK(openai::sip_header(incoming->sip_headers, "Subject") == "Zoë \"quoted\"");
  }
}

}  // namespace
}  // namespace offhook::sim
