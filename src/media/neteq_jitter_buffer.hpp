#pragma once

#include <memory>

#include "audio/codec.hpp"
#include "base/error.hpp"
#include "media/jitter_buffer.hpp"

namespace offhook::media {

/// WebRTC's NetEQ behind our interface: it decodes by itself (Opus with in-band FEC, G.711, G.722,
/// packets of 2.5 to 120 ms), stretches and squeezes speech to change its delay, and conceals.
///
/// Every packet is checked before NetEQ sees it, because NetEQ ends the process on misuse.
/// Concealed frames count without the silence that NetEQ puts into the sender's pauses. Unlike the
/// portable buffer, it allocates on the media thread, for every packet.
///
/// Only in builds with libtgowt (`have_neteq`).
/// @return `Errc::unsupported` for a rate that cannot be converted to.
[[nodiscard]] Result<std::unique_ptr<JitterBuffer>> make_neteq_jitter_buffer(
    const audio::CodecInfo& codec, int audio_rate_hz);

}  // namespace offhook::media
