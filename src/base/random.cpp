#include "base/random.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <openssl/rand.h>

namespace offhook {
namespace {

std::string random_text(std::size_t length, std::string_view alphabet) {
  std::string text;
  text.reserve(length);
  // Bytes at or above the largest multiple of the alphabet are dropped, so no letter is favoured.
  const unsigned limit = 256 - 256 % static_cast<unsigned>(alphabet.size());
  std::array<std::uint8_t, 64> bytes{};
  while (text.size() < length) {
    random_bytes(bytes);
    for (const std::uint8_t byte : bytes) {
      if (byte < limit && text.size() < length) {
        text += alphabet[byte % alphabet.size()];
      }
    }
  }
  return text;
}

}  // namespace

void random_bytes(std::span<std::uint8_t> bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    std::fputs("offhook: the system's random generator failed\n", stderr);
    std::abort();
  }
}

std::uint32_t random_u32() {
  std::array<std::uint8_t, 4> bytes{};
  random_bytes(bytes);
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes) {
    value = value << 8U | byte;
  }
  return value;
}

std::string random_hex(std::size_t length) { return random_text(length, "0123456789abcdef"); }

std::string random_base62(std::size_t length) {
  return random_text(length, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

}  // namespace offhook
