#include "sim/ids.hpp"

#include <fmt/format.h>

#include "base/random.hpp"

namespace offhook::sim {
namespace {

constexpr std::string_view hexadecimal = "0123456789abcdef";
constexpr std::string_view base62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

}  // namespace

Ids Ids::for_call() {
  ++calls_;
  if (seed_ == 0) {
    return Ids{0};
  }
  // Any odd factor spreads neighbouring seeds; 0 must stay reserved for "random".
  const std::uint32_t derived = seed_ + calls_ * 2'654'435'761U;
  return Ids{derived == 0 ? 1 : derived};
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

std::string Ids::request() { return "req_" + characters(32, hexadecimal); }

}  // namespace offhook::sim
