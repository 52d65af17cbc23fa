#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace offhook::media {

/// How long an Opus packet lasts, from its first two bytes (RFC 6716 section 3.1).
/// @return ticks of 48 kHz; 0 when it is empty, cut short or longer than 120 ms.
[[nodiscard]] constexpr std::uint32_t opus_duration(
    std::span<const std::uint8_t> payload) noexcept {
  if (payload.empty()) {
    return 0;
  }
  const unsigned config = payload[0] >> 3;
  std::uint32_t frame = 0;
  if (config < 12) {
    constexpr std::array<std::uint32_t, 4> silk{480, 960, 1'920, 2'880};
    frame = silk[config % 4];
  } else if (config < 16) {
    frame = config % 2 == 0 ? 480 : 960;
  } else {
    frame = 120U << (config % 4);
  }
  const unsigned code = payload[0] & 3;
  if (code == 3 && payload.size() < 2) {
    return 0;
  }
  const std::uint32_t count = code == 0 ? 1 : code < 3 ? 2 : payload[1] & 0x3fU;
  const std::uint32_t all = frame * count;
  return all <= 5'760 ? all : 0;
}

/// Makes one packet of two of one frame each (code 0) of the same kind, as code 2.
/// @return its length; 0 when they do not fit together or `out` is too small.
[[nodiscard]] constexpr std::size_t join_opus(std::span<const std::uint8_t> first,
                                              std::span<const std::uint8_t> second,
                                              std::span<std::uint8_t> out) noexcept {
  if (first.size() < 2 || second.empty() || first[0] != second[0] || (first[0] & 3) != 0) {
    return 0;
  }
  const std::size_t length = first.size() - 1;
  const std::size_t length_bytes = length < 252 ? 1 : 2;
  const std::size_t total = 1 + length_bytes + length + second.size() - 1;
  if (length > 1'275 || total > out.size()) {
    return 0;
  }
  out[0] = static_cast<std::uint8_t>(first[0] | 2);
  if (length_bytes == 1) {
    out[1] = static_cast<std::uint8_t>(length);
  } else {  // RFC 6716 section 3.2.1
    out[1] = static_cast<std::uint8_t>(252 + (length & 3));
    out[2] = static_cast<std::uint8_t>((length - out[1]) / 4);
  }
  const auto at = std::copy(first.begin() + 1, first.end(),
                            out.begin() + static_cast<std::ptrdiff_t>(1 + length_bytes));
  std::copy(second.begin() + 1, second.end(), at);
  return total;
}

}  // namespace offhook::media
