#pragma once

#include <cstdint>

namespace offhook::audio {

/// One sample in ITU-T G.711 mu-law and A-law, as RTP carries it (RFC 3551 section 4.5.14).
[[nodiscard]] std::uint8_t encode_mu_law(std::int16_t sample) noexcept;
[[nodiscard]] std::int16_t decode_mu_law(std::uint8_t code) noexcept;
[[nodiscard]] std::uint8_t encode_a_law(std::int16_t sample) noexcept;
[[nodiscard]] std::int16_t decode_a_law(std::uint8_t code) noexcept;

}  // namespace offhook::audio
