#include "sim/ids.hpp"

#include <fmt/format.h>

#include "base/random.hpp"

namespace offhook::sim {
namespace {

constexpr std::string_view hexadecimal = "0123456789abcdef";
constexpr std::string_view base62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Spreads neighbouring numbers over all 64 bits (splitmix64).
std::uint64_t mix(std::uint64_t number) {
  number += 0x9E37'79B9'7F4A'7C15U;
  number = (number ^ (number >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
  number = (number ^ (number >> 27U)) * 0x94D0'49BB'1331'11EBU;
  return number ^ (number >> 31U);
}

/// A branch of a seed; 0 must stay reserved for "random".
std::uint64_t branch(std::uint64_t seed, std::uint64_t number) {
  const std::uint64_t derived = mix(mix(seed) ^ number);
  return derived == 0 ? 1 : derived;
}

}  // namespace

Ids Ids::for_call() {
  ++calls_;
  return Ids{seed_ == 0 ? 0 : branch(seed_, calls_)};
}

Ids Ids::for_call(std::string_view name, std::uint32_t number) const {
  std::uint64_t key = number;
  for (const char c : name) {
    key = mix(key ^ static_cast<unsigned char>(c));
  }
  return Ids{seed_ == 0 ? 0 : branch(seed_, mix(key))};
}

std::uint32_t Ids::number() {
  const std::uint32_t drawn =
      seed_ == 0 ? random_u32() : static_cast<std::uint32_t>(engine_() >> 32U);
  return drawn == 0 ? 1 : drawn;
}

std::string Ids::characters(std::size_t length, std::string_view alphabet) {
  if (seed_ == 0) {
    return alphabet == base62 ? random_base62(length) : random_hex(length);
  }
  std::string text(length, '0');
  for (char& c : text) {
    c = alphabet[static_cast<std::size_t>(engine_() % alphabet.size())];
  }
  return text;
}

std::string Ids::realtime(std::string_view prefix) {
  return std::string{prefix} + characters(21, base62);
}

std::string Ids::call() { return "rtc_u1_" + characters(32, hexadecimal); }

std::string Ids::live_session() { return "live_u1_" + characters(32, hexadecimal); }

std::string Ids::webhook_event(std::int64_t unix_seconds) {
  return fmt::format("evt_{:08x}{}8190{}", static_cast<std::uint32_t>(unix_seconds),
                     characters(4, hexadecimal), characters(16, hexadecimal));
}

std::string Ids::delivery() { return "wh_" + characters(32, hexadecimal); }

std::string Ids::webhook_endpoint() { return "whe_" + characters(32, hexadecimal); }

std::string Ids::client_secret() { return "ek_" + characters(32, hexadecimal); }

std::string Ids::request() { return "req_" + characters(32, hexadecimal); }

}  // namespace offhook::sim
