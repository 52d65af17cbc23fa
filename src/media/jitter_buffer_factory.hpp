#pragma once

#include <memory>

#include "audio/codec.hpp"
#include "base/error.hpp"
#include "media/jitter_buffer.hpp"
#include "media/jitter_buffer_kind.hpp"

namespace offhook::media {

/// Makes a jitter buffer with the decoder of `codec` in it.
/// @param audio_rate_hz  Of the frames that come out.
/// @return `Errc::unsupported` when this build lacks the codec or the kind asked for by name.
[[nodiscard]] Result<std::unique_ptr<JitterBuffer>> make_jitter_buffer(JitterBufferKind kind,
                                                                       audio::CodecId codec,
                                                                       int audio_rate_hz);

}  // namespace offhook::media
