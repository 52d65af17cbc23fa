#pragma once

#include <cstdint>

namespace offhook::media {

/// Big-endian fields, as they lie in RTP and RTCP packets at any alignment.
[[nodiscard]] constexpr std::uint16_t load_u16(const std::uint8_t* bytes) noexcept {
  return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
}

[[nodiscard]] constexpr std::uint32_t load_u32(const std::uint8_t* bytes) noexcept {
  return static_cast<std::uint32_t>(load_u16(bytes)) << 16 | load_u16(bytes + 2);
}

constexpr void store_u16(std::uint8_t* bytes, std::uint16_t value) noexcept {
  bytes[0] = static_cast<std::uint8_t>(value >> 8);
  bytes[1] = static_cast<std::uint8_t>(value);
}

constexpr void store_u32(std::uint8_t* bytes, std::uint32_t value) noexcept {
  store_u16(bytes, static_cast<std::uint16_t>(value >> 16));
  store_u16(bytes + 2, static_cast<std::uint16_t>(value));
}

}  // namespace offhook::media
