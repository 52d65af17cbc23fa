#pragma once

#include <memory>

#include "audio/codec.hpp"

namespace offhook::audio {

/// Opus (RFC 6716) at its own 8, 16, 24 or 48 kHz, so no resampling takes place.
///
/// Sends one channel, VOIP mode, complexity 5, 24 kb/s below 24 kHz and 32 kb/s from there on, no
/// DTX. From 3 % expected loss on, in-band FEC and 8 kb/s more. Receives packets
/// of 20 to 120 ms in steps of 20.
[[nodiscard]] Result<std::unique_ptr<Encoder>> make_opus_encoder(int audio_rate_hz);
[[nodiscard]] Result<std::unique_ptr<Decoder>> make_opus_decoder(int audio_rate_hz);

}  // namespace offhook::audio
