#include "audio/g711.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

namespace offhook::audio {
namespace {

// Both laws: a sign bit, three bits of segment and four bits of step, then bits inverted for the
// line. Values are scaled to 16 bits: mu-law is a 14-bit law, A-law a 13-bit one.
constexpr int mu_bias = 132;  // 33 of the 14-bit law, moves segment ends to powers of two
constexpr int mu_largest = 32'767 - mu_bias;
constexpr unsigned a_law_inversion = 0x55;

constexpr std::int16_t expand_mu_law(unsigned code) {
  const unsigned bits = ~code & 0xffU;
  const unsigned segment = (bits >> 4U) & 7U;
  const int magnitude = static_cast<int>((((bits & 15U) << 3U) + mu_bias) << segment) - mu_bias;
  return static_cast<std::int16_t>((bits & 0x80U) != 0 ? -magnitude : magnitude);
}

constexpr std::int16_t expand_a_law(unsigned code) {
  const unsigned bits = code ^ a_law_inversion;
  const unsigned segment = (bits >> 4U) & 7U;
  const unsigned step = ((bits & 15U) << 4U) + 8U;  // middle of the step
  const int magnitude = static_cast<int>(segment == 0 ? step : (step + 256U) << (segment - 1U));
  return static_cast<std::int16_t>((bits & 0x80U) != 0 ? magnitude : -magnitude);
}

template <auto Expand>
constexpr std::array<std::int16_t, 256> expansion_table() {
  std::array<std::int16_t, 256> table{};
  for (std::size_t code = 0; code < table.size(); ++code) {
    table[code] = Expand(static_cast<unsigned>(code));
  }
  return table;
}

constexpr auto mu_law_table = expansion_table<expand_mu_law>();
constexpr auto a_law_table = expansion_table<expand_a_law>();

}  // namespace

std::uint8_t encode_mu_law(std::int16_t sample) noexcept {
  const int value = sample;
  const unsigned sign = value < 0 ? 0x80U : 0U;
  const auto biased =
      static_cast<unsigned>(std::min(value < 0 ? -value : value, mu_largest) + mu_bias);
  const auto segment = static_cast<unsigned>(std::bit_width(biased | 0x80U)) - 8U;
  const unsigned step = (biased >> (segment + 3U)) & 15U;
  return static_cast<std::uint8_t>(~(sign | (segment << 4U) | step));
}

std::uint8_t encode_a_law(std::int16_t sample) noexcept {
  const int value = sample;
  const unsigned sign = value >= 0 ? 0x80U : 0U;
  const auto magnitude = static_cast<unsigned>(value >= 0 ? value : -value - 1);
  const auto width = static_cast<unsigned>(std::bit_width(magnitude));
  const unsigned segment = width > 8U ? width - 8U : 0U;
  const unsigned step = (magnitude >> (segment == 0 ? 4U : segment + 3U)) & 15U;
  return static_cast<std::uint8_t>((sign | (segment << 4U) | step) ^ a_law_inversion);
}

std::int16_t decode_mu_law(std::uint8_t code) noexcept { return mu_law_table[code]; }

std::int16_t decode_a_law(std::uint8_t code) noexcept { return a_law_table[code]; }

}  // namespace offhook::audio
