#include <doctest/doctest.h>

#include "base/base64.hpp"
#include "sip/sdp.hpp"
#include "sip/sdp_text.hpp"

using offhook::Errc;
using offhook::sip::apply_answer;
using offhook::sip::make_offer;
using offhook::sip::MediaCapabilities;
using offhook::sip::MediaDirection;
using offhook::sip::MediaOffer;
using offhook::sip::SdpProfile;

namespace sip = offhook::sip;

namespace {

MediaCapabilities phone() {
  MediaCapabilities own;
  own.address = "192.0.2.10";
  own.port = 40'000;
  own.codecs = {{96, "opus", 48'000, 2, "useinbandfec=1"},
                {0, "PCMU"},
                {8, "PCMA"},
                {101, "telephone-event", 8'000, 1, "0-16"},
                {102, "telephone-event", 48'000, 1, "0-16"}};
  own.session_id = 7;
  return own;
}

std::string answer_with(const std::string& media) {
  return "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n" + media;
}

std::string offered_crypto(int tag, const std::string& suite, const std::string& tail = "") {
  const std::vector<std::uint8_t> key(30, 0x42);
  return "a=crypto:" + std::to_string(tag) + ' ' + suite +
         " inline:" + offhook::base64_encode(key) + tail + "\r\n";
}

constexpr const char* offered_suite = "AES_CM_128_HMAC_SHA1_80";
constexpr const char* suite_32 = "AES_CM_128_HMAC_SHA1_32";

}  // namespace

TEST_SUITE_BEGIN("sdp offer");

TEST_CASE("An offer of plain RTP says everything that we can do") {
  const auto offer = make_offer(phone(), SdpProfile::avp);
  REQUIRE(offer);
  CHECK(offer->sdp ==
        "v=0\r\no=- 7 7 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
        "m=audio 40000 RTP/AVP 96 0 8 101 102\r\n"
        "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n"
        "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
        "a=rtpmap:102 telephone-event/48000\r\na=fmtp:102 0-16\r\n"
        "a=ptime:20\r\na=sendrecv\r\n");
  CHECK(offer->crypto.empty());
}

TEST_CASE("An offer of SRTP has a fresh key for every suite") {
  const auto first = make_offer(phone(), SdpProfile::savp).value();
  const auto second = make_offer(phone(), SdpProfile::savp).value();
  REQUIRE(first.crypto.size() == 2);
  CHECK(first.crypto[0].suite == offered_suite);
  CHECK(first.crypto[1].suite == suite_32);
  CHECK(first.crypto[0].key != first.crypto[1].key);
  CHECK(first.crypto[0].key != second.crypto[0].key);
  CHECK(first.sdp.find("m=audio 40000 RTP/SAVP ") != std::string::npos);
  CHECK(first.sdp.find("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" +
                       offhook::base64_encode(first.crypto[0].key) + "\r\n") != std::string::npos);
}

TEST_CASE("An offer needs an address, a port and a codec") {
  for (int missing = 0; missing < 3; ++missing) {
    MediaCapabilities own = phone();
    if (missing == 0) {
      own.address.clear();
    } else if (missing == 1) {
      own.port = 0;
    } else {
      own.codecs.clear();
    }
    const auto failed = make_offer(own, SdpProfile::avp);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::invalid_argument);
  }
}

TEST_CASE("The answer that OpenAI has been seen to give is understood") {
  const auto offer = make_offer(phone(), SdpProfile::avp).value();
  const auto media = apply_answer(
      offer,
      "v=0\r\no=- 2113971860 2113971862 IN IP4 203.0.113.5\r\ns=OAI\r\nc=IN IP4 203.0.113.5\r\n"
      "t=0 0\r\nm=audio 43955 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
      "a=fmtp:101 0-16\r\na=ptime:20\r\na=rtpmap:0 PCMU/8000\r\n");
  REQUIRE(media);
  CHECK(media->remote_address == "203.0.113.5");
  CHECK(media->remote_port == 43'955);
  CHECK(media->codec.name == "PCMU");
  CHECK(media->codec.payload_type == 0);
  CHECK(media->telephone_event_type == 101);
  CHECK(media->direction == MediaDirection::sendrecv);
}

TEST_CASE("Answers in unusual form are understood") {
  const auto offer = make_offer(phone(), SdpProfile::avp).value();
  SUBCASE("static payload type without a=rtpmap, bare line feeds, no final line end") {
    const auto media =
        apply_answer(offer,
                     "v=0\no=- 1 1 IN IP4 198.51.100.1\ns=-\nt=0 0\nm=audio 9 RTP/AVP 8\n"
                     "c=IN IP4 198.51.100.2/127\na=recvonly");
    REQUIRE(media);
    CHECK(media->codec.name == "PCMA");
    CHECK(media->telephone_event_type == -1);
    CHECK(media->remote_address == "198.51.100.2");
    CHECK(media->direction == MediaDirection::sendonly);
  }
  SUBCASE("renumbered opus in capitals, digits at its clock, the stream's own c=") {
    const auto media = apply_answer(
        offer, answer_with("m=audio 5000 RTP/AVPF 120 121 122\r\na=rtpmap:120 OPUS/48000/2\r\n"
                           "a=rtpmap:121 telephone-event/8000\r\n"
                           "a=rtpmap:122 telephone-event/48000\r\nc=IN IP4 198.51.100.7\r\n"));
    REQUIRE(media);
    CHECK(media->codec.payload_type == 120);
    CHECK(media->telephone_event_type == 122);
    CHECK(media->telephone_event_clock_hz == 48'000);
    CHECK(media->remote_address == "198.51.100.7");
  }
  SUBCASE("IPv6 for IPv4 cannot be used") {
    const auto media =
        apply_answer(offer, answer_with("m=audio 5000 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n"));
    REQUIRE_FALSE(media);
    CHECK(media.error().code == Errc::unsupported);
  }
  SUBCASE("codecs that were not offered are skipped") {
    const auto media = apply_answer(
        offer, answer_with("m=audio 5000 RTP/AVP 18 111 8\r\na=rtpmap:111 opus/16000\r\n"));
    REQUIRE(media);
    CHECK(media->codec.name == "PCMA");
  }
  SUBCASE("a video stream before the audio") {
    const auto media =
        apply_answer(offer, answer_with("m=video 0 RTP/AVP 96\r\nm=audio 5000 RTP/AVP 0\r\n"));
    REQUIRE(media);
    CHECK(media->remote_port == 5000);
  }
}

TEST_CASE("Hold in either form lets us only receive") {
  const auto offer = make_offer(phone(), SdpProfile::avp).value();
  const auto direction = [&](const std::string& sdp) {
    return apply_answer(offer, sdp)->direction;
  };
  CHECK(direction(answer_with("m=audio 5000 RTP/AVP 0\r\na=sendonly\r\n")) ==
        MediaDirection::recvonly);
  CHECK(direction(answer_with("a=sendonly\r\nm=audio 5000 RTP/AVP 0\r\n")) ==
        MediaDirection::recvonly);
  CHECK(direction(answer_with("a=sendonly\r\nm=audio 5000 RTP/AVP 0\r\na=sendrecv\r\n")) ==
        MediaDirection::sendrecv);
  CHECK(direction(answer_with("m=audio 5000 RTP/AVP 0\r\na=inactive\r\n")) ==
        MediaDirection::inactive);
  CHECK(direction(answer_with("m=audio 5000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n")) ==
        MediaDirection::recvonly);
}

TEST_CASE("Keys of both sides come from the answered suite") {
  const auto offer = make_offer(phone(), SdpProfile::savp).value();
  for (const std::string tail : {"", "|2^31", "|2^20 WSH=64", " -FUTURE=1"}) {
    CAPTURE(tail);
    const auto media = apply_answer(
        offer, answer_with("m=audio 5000 RTP/SAVP 0\r\n" + offered_crypto(2, suite_32, tail)));
    REQUIRE(media);
    CHECK(media->profile == SdpProfile::savp);
    CHECK(media->srtp_suite == suite_32);
    CHECK(media->srtp_local == offer.crypto[1].key);
    CHECK(media->srtp_remote[0] == 0x42);
  }
}

TEST_CASE("A plain answer to an SRTP offer will do only where plain RTP is allowed") {
  const auto offer = make_offer(phone(), SdpProfile::savp).value();
  const auto media = apply_answer(offer, answer_with("m=audio 5000 RTP/AVP 0\r\n"));
  REQUIRE(media);
  CHECK(media->profile == SdpProfile::avp);
  CHECK(media->srtp_suite.empty());
}

TEST_CASE("Answers that cannot be used are told apart") {
  struct Case {
    const char* what;
    SdpProfile profile;
    std::string sdp;
    Errc code;
    const char* detail;
  };
  const std::string no_crypto = answer_with("m=audio 5000 RTP/SAVP 0\r\n");
  const auto srtp = [](const std::string& line) {
    return answer_with("m=audio 5000 RTP/SAVP 0\r\n" + line);
  };
  const std::vector<Case> cases{
      {"empty", SdpProfile::avp, "", Errc::malformed_message, "v=0"},
      {"no SDP", SdpProfile::avp, "hello", Errc::malformed_message, "v=0"},
      {"port no number", SdpProfile::avp, answer_with("m=audio x RTP/AVP 0\r\n"),
       Errc::malformed_message, "m="},
      {"port too big", SdpProfile::avp, answer_with("m=audio 65536 RTP/AVP 0\r\n"),
       Errc::malformed_message, "m="},
      {"no protocol", SdpProfile::avp, answer_with("m=audio 5000\r\n"), Errc::malformed_message,
       "m="},
      {"no address", SdpProfile::avp, "v=0\r\nm=audio 5000 RTP/AVP 0\r\n", Errc::malformed_message,
       "c="},
      {"host name", SdpProfile::avp, answer_with("m=audio 5000 RTP/AVP 0\r\nc=IN IP4 a.test\r\n"),
       Errc::malformed_message, "a.test"},
      {"no audio", SdpProfile::avp, answer_with("m=video 5000 RTP/AVP 0\r\n"), Errc::unsupported,
       "no audio"},
      {"refused", SdpProfile::avp, answer_with("m=audio 0 RTP/AVP 0\r\n"), Errc::unsupported,
       "port 0"},
      {"no common codec", SdpProfile::avp,
       answer_with("m=audio 5000 RTP/AVP 18 101\r\na=rtpmap:101 telephone-event/8000\r\n"),
       Errc::unsupported, "G729"},
      {"no format at all", SdpProfile::avp, answer_with("m=audio 5000 RTP/AVP\r\n"),
       Errc::unsupported, "codec"},
      {"plain for SRTP", SdpProfile::savp, answer_with("m=audio 5000 RTP/AVP 0\r\n"),
       Errc::unsupported, "plain RTP answered"},
      {"SRTP for plain", SdpProfile::avp, srtp(offered_crypto(1, offered_suite)), Errc::unsupported,
       "SRTP answered"},
      {"DTLS", SdpProfile::savp, answer_with("m=audio 5000 UDP/TLS/RTP/SAVPF 0\r\n"),
       Errc::unsupported, "DTLS"},
      {"no crypto", SdpProfile::savp, no_crypto, Errc::unsupported, "a=crypto"},
      {"unknown suite", SdpProfile::savp, srtp(offered_crypto(1, "AES_256_CM_HMAC_SHA1_80")),
       Errc::unsupported, "a=crypto"},
      {"key too short", SdpProfile::savp,
       srtp("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:QUJD\r\n"), Errc::unsupported, "a=crypto"},
      {"key identifier", SdpProfile::savp, srtp(offered_crypto(1, offered_suite, "|2^20|1:4")),
       Errc::unsupported, "a=crypto"},
      {"unencrypted", SdpProfile::savp, srtp(offered_crypto(1, offered_suite, " UNENCRYPTED_SRTP")),
       Errc::unsupported, "a=crypto"},
      {"tag not offered", SdpProfile::savp, srtp(offered_crypto(3, offered_suite)),
       Errc::unsupported, "not offered"},
      {"tag of another suite", SdpProfile::savp, srtp(offered_crypto(1, suite_32)),
       Errc::unsupported, "not offered"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    auto insisting = phone();
    insisting.allow_avp = false;
    const auto offer = make_offer(insisting, c.profile).value();
    const auto media = apply_answer(offer, c.sdp);
    REQUIRE_FALSE(media);
    CHECK(media.error().code == c.code);
    CHECK(media.error().detail.find(c.detail) != std::string::npos);
  }
}

TEST_CASE("Absurd descriptions are refused, not believed") {
  std::string many = "v=0\r\n";
  for (int i = 0; i < 100; ++i) {
    many += "m=audio 5000 RTP/AVP 0\r\n";
  }
  CHECK_FALSE(sip::parse_sdp(many));
  CHECK_FALSE(sip::parse_sdp("v=0\r\n" + std::string(70'000, 'a')));
  const auto odd = sip::parse_sdp(
      "v=0\r\na\r\n=\r\na=\r\nm=audio 1 RTP/AVP 300 x 0 -1\r\n"
      "a=rtpmap:0\r\na=rtpmap:0 PCMU/0\r\n");
  REQUIRE(odd);
  CHECK(sip::codecs_of(odd->streams.front()).empty());
}

TEST_SUITE_END();
