// Any bytes as an offer, and as the answer to offers of ours: refused or understood, never a crash.
// What we answer must be something that we understand ourselves.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "expect.hpp"
#include "sip/sdp.hpp"
#include "sip/sdp_text.hpp"

namespace sip = offhook::sip;

namespace {

sip::MediaCapabilities capabilities() {
  sip::MediaCapabilities own;
  own.address = "127.0.0.1";
  own.port = 40'000;
  own.codecs = {{96, "opus", 48'000, 2, "useinbandfec=1"},
                {0, "PCMU"},
                {8, "PCMA"},
                {101, "telephone-event", 8'000, 1, "0-16"}};
  return own;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto plain = sip::make_offer(capabilities(), sip::SdpProfile::avp).value();
  static const auto secure = sip::make_offer(capabilities(), sip::SdpProfile::savp).value();
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  static_cast<void>(sip::apply_answer(plain, text));
  static_cast<void>(sip::apply_answer(secure, text));
  const auto answer = sip::answer_offer(capabilities(), text);
  FUZZ_EXPECT(!answer || sip::parse_sdp(answer->sdp));
  return 0;
}
