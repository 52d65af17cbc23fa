#include "audio/g711.hpp"

#include <algorithm>
#include <cstdlib>

#include <doctest/doctest.h>

namespace audio = offhook::audio;

TEST_SUITE("G.711") {
  TEST_CASE("decodes the corners of ITU-T G.711, scaled to 16 bits") {
    CHECK(audio::decode_mu_law(0x00) == -32'124);
    CHECK(audio::decode_mu_law(0x80) == 32'124);
    CHECK(audio::decode_mu_law(0xff) == 0);
    CHECK(audio::decode_mu_law(0x7f) == 0);
    CHECK(audio::decode_mu_law(0xfe) == 8);
    CHECK(audio::decode_a_law(0x2a) == -32'256);
    CHECK(audio::decode_a_law(0xaa) == 32'256);
    CHECK(audio::decode_a_law(0xd5) == 8);
    CHECK(audio::decode_a_law(0x55) == -8);
  }

  TEST_CASE("sends silence as 0xFF in mu-law and 0xD5 in A-law") {
    CHECK(audio::encode_mu_law(0) == 0xff);
    CHECK(audio::encode_a_law(0) == 0xd5);
  }

  TEST_CASE("gives back every code, but for the second zero of mu-law") {
    for (int code = 0; code < 256; ++code) {
      const auto byte = static_cast<std::uint8_t>(code);
      CAPTURE(code);
      CHECK(audio::encode_a_law(audio::decode_a_law(byte)) == byte);
      CHECK(audio::encode_mu_law(audio::decode_mu_law(byte)) == (code == 0x7f ? 0xff : byte));
    }
  }

  TEST_CASE("is off by half a step at most, for every sample") {
    int worst_mu = 0;
    int worst_a = 0;
    for (int value = -32'768; value <= 32'767; ++value) {
      const auto sample = static_cast<std::int16_t>(value);
      const int size = std::abs(value);
      // A step is a sixteenth of its segment; the overload region above 32124 is clipped.
      const int mu = std::abs(audio::decode_mu_law(audio::encode_mu_law(sample)) - value);
      const int a = std::abs(audio::decode_a_law(audio::encode_a_law(sample)) - value);
      worst_mu = std::max(worst_mu, mu - (size + 132) / 32);
      worst_a = std::max(worst_a, a - std::max(8, size / 32));
    }
    CHECK(worst_mu <= 1);
    CHECK(worst_a <= 1);
  }
}
