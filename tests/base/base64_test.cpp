#include "base/base64.hpp"

#include <doctest/doctest.h>

TEST_SUITE("base64") {
  TEST_CASE("encodes with padding") {
    const std::vector<std::uint8_t> bytes{0x00, 0xff, 0x10, 0x80};
    CHECK(offhook::base64_encode(bytes) == "AP8QgA==");
    CHECK(offhook::base64_encode({}).empty());
  }

  TEST_CASE("gives back what it encoded, whatever the length") {
    for (std::size_t length = 0; length < 50; ++length) {
      std::vector<std::uint8_t> bytes(length);
      for (std::size_t i = 0; i < length; ++i) {
        bytes[i] = static_cast<std::uint8_t>(i * 37 + length);
      }
      CHECK(offhook::base64_decode(offhook::base64_encode(bytes)) == bytes);
    }
  }

  TEST_CASE("refuses wrong lengths, foreign characters, line breaks and misplaced padding") {
    for (const char* bad : {"abc", "ab=c", "a===", "====", "ab c", "abc\n", "ab-_"}) {
      CAPTURE(bad);
      CHECK_FALSE(offhook::base64_decode(bad).has_value());
    }
  }
}
