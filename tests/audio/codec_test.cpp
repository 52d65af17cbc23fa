#include "audio/codec.hpp"

#include <doctest/doctest.h>

using offhook::audio::CodecId;

TEST_SUITE("codecs") {
  TEST_CASE("are known by their SDP names in any case") {
    CHECK(offhook::audio::codec_by_name("OPUS") == CodecId::opus);
    CHECK(offhook::audio::codec_by_name("pcmu") == CodecId::pcmu);
    CHECK_FALSE(offhook::audio::codec_by_name("G729").has_value());
  }
}
