#include <algorithm>

#include <doctest/doctest.h>

#include "base/base64.hpp"
#include "sip/sdp.hpp"

using offhook::Errc;
using offhook::sip::answer_offer;
using offhook::sip::MediaCapabilities;
using offhook::sip::MediaDirection;
using offhook::sip::SdpProfile;

namespace sip = offhook::sip;

namespace {

MediaCapabilities model() {
  MediaCapabilities own;
  own.address = "192.0.2.10";
  own.port = 43'955;
  own.codecs = {{0, "PCMU"},
                {8, "PCMA"},
                {96, "opus", 48'000, 2, "minptime=10"},
                {101, "telephone-event", 8'000, 1, "0-16"}};
  own.session_name = "OAI";
  own.session_id = 2'113'971'860;
  own.single_codec_answer = true;
  return own;
}

std::string offer_with(const std::string& media) {
  return "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n" + media;
}

std::string crypto_line(int tag,
                        const std::string& suite,
                        std::uint8_t fill,
                        const std::string& tail = "") {
  const std::vector<std::uint8_t> key(30, fill);
  return "a=crypto:" + std::to_string(tag) + ' ' + suite +
         " inline:" + offhook::base64_encode(key) + tail + "\r\n";
}

constexpr const char* suite_80 = "AES_CM_128_HMAC_SHA1_80";

}  // namespace

TEST_SUITE_BEGIN("sdp answer");

TEST_CASE("The single-codec answer looks like OpenAI's") {
  const auto answer = answer_offer(
      model(), offer_with("m=audio 5000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"));
  REQUIRE(answer);
  CHECK(answer->sdp ==
        "v=0\r\no=- 2113971860 2113971862 IN IP4 192.0.2.10\r\ns=OAI\r\n"
        "c=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 43955 RTP/AVP 0 101\r\n"
        "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
        "a=ptime:20\r\n");
  CHECK(answer->media.codec.name == "PCMU");
  CHECK(answer->media.remote_port == 5000);
  CHECK(answer->media.telephone_event_type == 101);
}

TEST_CASE("Our order of codecs decides, in the offer's numbers") {
  MediaCapabilities own = model();
  own.single_codec_answer = false;
  const auto answer = answer_offer(
      own, offer_with("m=audio 5000 RTP/AVP 120 8 0 97\r\na=rtpmap:120 opus/48000/2\r\n"
                      "a=fmtp:120 useinbandfec=1\r\na=rtpmap:97 telephone-event/8000\r\n"));
  REQUIRE(answer);
  CHECK(answer->sdp.find("m=audio 43955 RTP/AVP 0 8 120 97\r\n") != std::string::npos);
  CHECK(answer->sdp.find("a=fmtp:120 minptime=10\r\n") != std::string::npos);
  CHECK(answer->sdp.find("a=sendrecv\r\n") != std::string::npos);
  std::rotate(own.codecs.begin(), own.codecs.begin() + 2, own.codecs.begin() + 3);
  const auto opus =
      answer_offer(own, offer_with("m=audio 5000 RTP/AVP 0 120\r\na=rtpmap:120 opus/48000/2\r\n"
                                   "a=fmtp:120 useinbandfec=1\r\n"));
  REQUIRE(opus);
  CHECK(opus->media.codec.payload_type == 120);
  CHECK(opus->media.codec.fmtp == "useinbandfec=1");
}

TEST_CASE("Streams other than the audio are refused in place") {
  const auto answer =
      answer_offer(model(), offer_with("m=video 6000 RTP/AVP 96 97\r\na=rtpmap:96 VP8/90000\r\n"
                                       "m=audio 5000 RTP/AVP 0\r\nm=audio 5002 RTP/AVP 0\r\n"
                                       "m=application 9 UDP/BFCP *\r\n"));
  REQUIRE(answer);
  const std::string& sdp = answer->sdp;
  const std::size_t video = sdp.find("m=video 0 RTP/AVP 96 97\r\n");
  const std::size_t audio = sdp.find("m=audio 43955 RTP/AVP 0\r\n");
  const std::size_t second = sdp.find("m=audio 0 RTP/AVP 0\r\n");
  const std::size_t application = sdp.find("m=application 0 UDP/BFCP *\r\n");
  REQUIRE(application != std::string::npos);
  CHECK(video < audio);
  CHECK(audio < second);
  CHECK(second < application);
}

TEST_CASE("Of two audio streams the one that we can speak is taken") {
  const auto answer = answer_offer(
      model(), offer_with("m=audio 5000 UDP/TLS/RTP/SAVPF 0\r\nm=audio 5002 RTP/SAVP 0\r\n" +
                          crypto_line(1, suite_80, 7) + "m=audio 5004 RTP/AVP 0\r\n"));
  REQUIRE(answer);
  CHECK(answer->media.remote_port == 5002);
  CHECK(answer->media.profile == SdpProfile::savp);
}

TEST_CASE("SRTP is answered with the first usable line, its tag and a key of ours") {
  const auto answer = answer_offer(
      model(),
      offer_with("m=audio 5000 RTP/SAVPF 0\r\n" + crypto_line(1, "AES_256_CM_HMAC_SHA1_80", 1) +
                 crypto_line(2, suite_80, 2, "|2^20|1:4") + crypto_line(3, suite_80, 3)));
  REQUIRE(answer);
  CHECK(answer->media.srtp_suite == suite_80);
  CHECK(answer->media.srtp_remote[0] == 3);
  CHECK(answer->sdp.find("m=audio 43955 RTP/SAVPF 0\r\n") != std::string::npos);
  CHECK(answer->sdp.find("a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:" +
                         offhook::base64_encode(answer->media.srtp_local) + "\r\n") !=
        std::string::npos);
}

TEST_CASE("A later offer keeps our key and is held as it asks") {
  const std::string offer = offer_with("m=audio 5000 RTP/SAVP 0\r\n" + crypto_line(1, suite_80, 3));
  const auto first = answer_offer(model(), offer).value();
  const auto second = answer_offer(model(), offer + "a=sendonly\r\n", &first.media).value();
  CHECK(second.media.srtp_local == first.media.srtp_local);
  CHECK(second.media.direction == MediaDirection::recvonly);
  CHECK(second.sdp.find("a=recvonly\r\n") != std::string::npos);
}

TEST_CASE("The way that media is keyed is a matter of policy") {
  MediaCapabilities plain_only = model();
  plain_only.allow_savp = false;
  MediaCapabilities srtp_only = model();
  srtp_only.allow_avp = false;
  const std::string plain = offer_with("m=audio 5000 RTP/AVP 0\r\n");
  const std::string srtp = offer_with("m=audio 5000 RTP/SAVP 0\r\n" + crypto_line(1, suite_80, 1));
  CHECK(answer_offer(plain_only, plain));
  CHECK(answer_offer(srtp_only, srtp));
  CHECK(answer_offer(plain_only, srtp).error().code == Errc::unsupported);
  CHECK(answer_offer(srtp_only, plain).error().code == Errc::unsupported);
}

TEST_CASE("Sound that would go to the other version of IP cannot be agreed on") {
  const std::string stream = "m=audio 5000 RTP/AVP 0\r\n";
  const auto six = answer_offer(model(), offer_with(stream + "c=IN IP6 2001:db8::1\r\n"));
  REQUIRE_FALSE(six);
  CHECK(six.error().code == Errc::unsupported);
  CHECK(six.error().detail.find("2001:db8::1") != std::string::npos);
  MediaCapabilities own = model();
  own.address = "2001:db8::2";
  CHECK(answer_offer(own, offer_with(stream + "c=IN IP6 2001:db8::1\r\n")));
  CHECK(answer_offer(own, offer_with(stream + "c=IN IP4 0.0.0.0\r\n")));  // a hold of the old style
}

TEST_CASE("Offers that cannot be answered are told apart") {
  const auto code = [](const std::string& sdp) { return answer_offer(model(), sdp).error().code; };
  CHECK(code("") == Errc::malformed_message);
  CHECK(code("v=0\r\nm=audio 5000 RTP/AVP 0\r\n") == Errc::malformed_message);
  CHECK(code(offer_with("")) == Errc::unsupported);
  CHECK(code(offer_with("m=audio 0 RTP/AVP 0\r\n")) == Errc::unsupported);
  CHECK(code(offer_with("m=audio 5000 RTP/AVP 18\r\n")) == Errc::unsupported);
  CHECK(code(offer_with("m=audio 5000 RTP/SAVP 0\r\n")) == Errc::unsupported);
  CHECK(code(offer_with("m=audio 5000 UDP/TLS/RTP/SAVPF 0\r\n")) == Errc::unsupported);
}

TEST_SUITE_END();
