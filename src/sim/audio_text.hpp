#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace offhook::sim {

/// Sound as events carry it, in base64: little-endian PCM at 24 kHz for "audio/pcm", G.711 at 8 kHz
/// for "audio/pcmu" and "audio/pcma".
/// @param sound  At 16 kHz.
[[nodiscard]] std::string audio_text(std::span<const std::int16_t> sound, std::string_view format);

}  // namespace offhook::sim
