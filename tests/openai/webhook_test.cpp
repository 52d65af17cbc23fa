#include "openai/webhook.hpp"

#include <doctest/doctest.h>

using offhook::Errc;
using offhook::Secret;
using offhook::openai::check_webhook_secret;
using offhook::openai::refuse_webhook;
using offhook::openai::sign_webhook;
using offhook::openai::verify_webhook;
using offhook::openai::WebhookHeaders;
using offhook::openai::WebhookRefusal;

namespace {

/// A delivery whose signature somebody else computed.
struct Vector {
  std::string_view secret;
  std::string_view id;
  std::string_view timestamp;
  std::string_view body;
  std::string_view signature;
};

// From OpenAI's own client tests.
constexpr Vector genuine{
    "whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c=", "wh_685c059ae39c8190af8c71ed1022a24d",
    "1750861210",
    R"({"id": "evt_685c059ae3a481909bdc86819b066fb6", "object": "event", )"
    R"("created_at": 1750861210, "type": "response.completed", "data": {"id": "resp_123"}})",
    "v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY="};

// The key is the bytes 00 to 1f.
constexpr std::string_view counting_secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr Vector incoming_call{
    counting_secret, "wh_0123456789abcdef0123456789abcdef", "1795305600",
    R"({"id": "evt_0123456789abcdef0123456789abcdef", "object": "event", )"
    R"("created_at": 1795305599, "type": "realtime.call.incoming", "data": )"
    R"({"call_id": "rtc_u0_SimCall0000000000000001", "sip_headers": [{"name": "From", )"
    R"("value": "\"Alice\" <sip:+15550100@127.0.0.1>;tag=a1"}, {"name": "To", )"
    R"("value": "<sip:proj_SimProject0001@127.0.0.1:5061;transport=tls>"}, )"
    R"({"name": "Call-ID", "value": "simcall-1@127.0.0.1"}], "sip_media_security": "srtp"}})",
    "v1,qmLfBax3dcpccY7olu/GN4D6qrNmziYqFoUDVYyVS5E="};
constexpr Vector plain_secret{"plain-test-secret", incoming_call.id, incoming_call.timestamp,
                              incoming_call.body,
                              "v1,Pmu5iCRjxX3sXvqcZrRrenDSbe7lV4kGogSCzsmNq5s="};

constexpr Vector tiny{counting_secret, "wh_1", "1700000000", R"({"test":true})",
                      "v1,d5nd9aUaQ8IhA+c1b2R9WyC7b5gBvLI1rW64JowqDjY="};
constexpr Vector tiny_other_key{"whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=", tiny.id,
                                tiny.timestamp, tiny.body,
                                "v1,dDF5gd+slSKBLoEA6ed3E3E1k+mfBCkzWTAAfyvPgSQ="};

// The one that the Standard Webhooks specification prints.
constexpr Vector published{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                           "1614265330", R"({"test": 2432232314})",
                           "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="};

constexpr Vector all_vectors[] = {genuine, incoming_call,  plain_secret,
                                  tiny,    tiny_other_key, published};
constexpr std::int64_t tiny_time = 1'700'000'000;

std::vector<Secret> secrets(std::initializer_list<std::string_view> texts) {
  std::vector<Secret> made;
  for (const auto text : texts) {
    made.emplace_back(std::string{text});
  }
  return made;
}

/// Verifies `tiny`, at its own time unless told otherwise, with another signature header.
std::optional<WebhookRefusal> refuse_tiny(std::string_view signature,
                                          std::int64_t now = tiny_time,
                                          std::string_view secret = counting_secret) {
  return refuse_webhook(secrets({secret}), {tiny.id, tiny.timestamp, signature}, tiny.body, now);
}

std::string repeated(std::string_view signature, int times) {
  std::string list;
  for (int i = 0; i < times; ++i) {
    list += std::string{signature} + " ";
  }
  return list;
}

}  // namespace

TEST_SUITE("webhook signature") {
  TEST_CASE("agrees with every known vector, both ways") {
    for (const Vector& v : all_vectors) {
      CAPTURE(v.signature);
      const std::int64_t now = std::stoll(std::string{v.timestamp});
      CHECK(verify_webhook(secrets({v.secret}), {v.id, v.timestamp, v.signature}, v.body, now));
      CHECK(sign_webhook(Secret{std::string{v.secret}}, v.id, v.timestamp, v.body) == v.signature);
    }
  }

  TEST_CASE("covers every byte of id, timestamp and body") {
    const auto key = secrets({tiny.secret});
    const WebhookHeaders good{tiny.id, tiny.timestamp, tiny.signature};
    CHECK_FALSE(refuse_webhook(key, good, tiny.body, tiny_time));
    CHECK(refuse_webhook(key, good, R"({"test":true} )", tiny_time) ==
          WebhookRefusal::wrong_signature);
    CHECK(refuse_webhook(key, {"wh_2", good.timestamp, good.signature}, tiny.body, tiny_time) ==
          WebhookRefusal::wrong_signature);
    CHECK(refuse_webhook(key, {good.id, "1700000001", good.signature}, tiny.body, tiny_time) ==
          WebhookRefusal::wrong_signature);
  }

  TEST_CASE("is refused when any other secret made it") {
    CHECK(refuse_tiny(tiny_other_key.signature) == WebhookRefusal::wrong_signature);
  }

  TEST_CASE("tells the reason as authentication_failed and says no more") {
    const auto verdict =
        verify_webhook(secrets({tiny.secret}), {tiny.id, tiny.timestamp, tiny_other_key.signature},
                       tiny.body, tiny_time);
    REQUIRE_FALSE(verdict);
    CHECK(verdict.error().code == Errc::authentication_failed);
    CHECK(verdict.error().detail == "the signature fits none of the webhook secrets");
  }
}

TEST_SUITE("webhook secret rotation") {
  TEST_CASE("either secret verifies a delivery that both have signed") {
    const std::string both =
        std::string{tiny_other_key.signature} + " " + std::string{tiny.signature};
    CHECK_FALSE(refuse_tiny(both, tiny_time, tiny.secret));
    CHECK_FALSE(refuse_tiny(both, tiny_time, tiny_other_key.secret));
  }

  TEST_CASE("a receiver with two secrets accepts what one of them signed") {
    const auto both = secrets({tiny_other_key.secret, tiny.secret});
    CHECK_FALSE(
        refuse_webhook(both, {tiny.id, tiny.timestamp, tiny.signature}, tiny.body, tiny_time));
  }

  TEST_CASE("finds the valid signature among forty, wherever it stands") {
    const std::string valid{tiny.signature};
    CHECK_FALSE(refuse_tiny(repeated(tiny_other_key.signature, 39) + valid));
    CHECK_FALSE(refuse_tiny(valid + " " + repeated(tiny_other_key.signature, 39)));
    CHECK(refuse_tiny(repeated(tiny_other_key.signature, 40)) == WebhookRefusal::wrong_signature);
  }

  TEST_CASE("skips signatures that cannot be decoded") {
    const std::string valid{tiny.signature};
    CHECK_FALSE(refuse_tiny("v1,??? v2,abc  v1, " + valid));
  }
}

TEST_SUITE("webhook verification, read strictly") {
  TEST_CASE("wants the version in front of each signature") {
    CHECK(refuse_tiny(tiny.signature.substr(3)) == WebhookRefusal::wrong_signature);
    CHECK(refuse_tiny("v2," + std::string{tiny.signature.substr(3)}) ==
          WebhookRefusal::wrong_signature);
    CHECK(refuse_tiny("v1a," + std::string{tiny.signature.substr(3)}) ==
          WebhookRefusal::wrong_signature);
  }

  TEST_CASE("takes only the space as separator") {
    const std::string valid{tiny.signature};
    CHECK(refuse_tiny(std::string{tiny_other_key.signature} + "," + valid) ==
          WebhookRefusal::wrong_signature);
    CHECK(refuse_tiny(std::string{tiny_other_key.signature} + "\t" + valid) ==
          WebhookRefusal::wrong_signature);
  }

  TEST_CASE("wants padded base64") {
    CHECK(refuse_tiny(tiny.signature.substr(0, tiny.signature.size() - 1)) ==
          WebhookRefusal::wrong_signature);
  }

  TEST_CASE("wants a timestamp of digits only") {
    for (const std::string_view bad : {"soon", "1700000000abc", "-1700000000", "+1700000000",
                                       " 1700000000", "1.7e9", "99999999999999999999"}) {
      CAPTURE(bad);
      const std::string signed_anyway =
          sign_webhook(Secret{std::string{tiny.secret}}, tiny.id, bad, tiny.body);
      CHECK(refuse_webhook(secrets({tiny.secret}), {tiny.id, bad, signed_anyway}, tiny.body,
                           tiny_time) == WebhookRefusal::bad_timestamp);
    }
  }

  TEST_CASE("wants all three headers, not empty") {
    const auto key = secrets({tiny.secret});
    const std::string no_id =
        sign_webhook(Secret{std::string{tiny.secret}}, "", tiny.timestamp, tiny.body);
    CHECK(refuse_webhook(key, {"", tiny.timestamp, no_id}, tiny.body, tiny_time) ==
          WebhookRefusal::missing_header);
    CHECK(refuse_webhook(key, {tiny.id, "", tiny.signature}, tiny.body, tiny_time) ==
          WebhookRefusal::missing_header);
    CHECK(refuse_tiny("") == WebhookRefusal::missing_header);
  }

  TEST_CASE("judges the timestamp before the signature") {
    CHECK(refuse_tiny("v1,forged", tiny_time + 301) == WebhookRefusal::too_old);
  }
}

TEST_SUITE("webhook timestamp") {
  TEST_CASE("may lie 300 seconds behind or ahead, and not one more") {
    CHECK_FALSE(refuse_tiny(tiny.signature, tiny_time + 300));
    CHECK(refuse_tiny(tiny.signature, tiny_time + 301) == WebhookRefusal::too_old);
    CHECK_FALSE(refuse_tiny(tiny.signature, tiny_time - 300));
    CHECK(refuse_tiny(tiny.signature, tiny_time - 301) == WebhookRefusal::too_new);
  }
}

TEST_SUITE("webhook secret") {
  TEST_CASE("is usable as base64 behind whsec_ or as plain text") {
    CHECK(check_webhook_secret(Secret{std::string{counting_secret}}));
    CHECK(check_webhook_secret(Secret{"plain-test-secret"}));
  }

  TEST_CASE("that is empty or damaged is named at start and matches nothing") {
    for (const char* bad : {"", "whsec_", "whsec_AAE", "whsec_!!!!"}) {
      CAPTURE(bad);
      CHECK(check_webhook_secret(Secret{bad}).error().code == Errc::invalid_argument);
      CHECK(sign_webhook(Secret{bad}, tiny.id, tiny.timestamp, tiny.body).empty());
      CHECK(refuse_tiny(tiny.signature, tiny_time, bad) == WebhookRefusal::wrong_signature);
    }
  }

  TEST_CASE("of no bytes does not open the door to signatures made with an empty key") {
    // HMAC-SHA256 of "wh_1.1700000000.{"test":true}" with an empty key.
    constexpr std::string_view forged = "v1,hcqCrMifizVZR7h7rPULtZx+jqPl04J2f5taDiqWNpU=";
    CHECK(refuse_tiny(forged, tiny_time, "") == WebhookRefusal::wrong_signature);
    CHECK(refuse_tiny(forged, tiny_time, "whsec_") == WebhookRefusal::wrong_signature);
    CHECK(refuse_webhook({}, {tiny.id, tiny.timestamp, forged}, tiny.body, tiny_time) ==
          WebhookRefusal::wrong_signature);
  }
}
