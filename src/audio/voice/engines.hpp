#pragma once

#include <memory>

#include "audio/voice/remedies.hpp"
#include "audio/voice/voice_processor.hpp"

namespace offhook::audio {

#ifdef OFFHOOK_HAVE_TGOWT
inline constexpr bool have_webrtc = true;
#else
inline constexpr bool have_webrtc = false;
#endif

using MadeProcessor = Result<std::unique_ptr<VoiceProcessor>>;

// One maker per engine, for make_voice_processor only. The first two need libtgowt.
[[nodiscard]] MadeProcessor make_dual_processor(const VoiceProcessorConfig& config,
                                                const Remedies& remedies = {});
[[nodiscard]] MadeProcessor make_aec3_processor(const VoiceProcessorConfig& config);
[[nodiscard]] MadeProcessor make_speex_processor(const VoiceProcessorConfig& config);
[[nodiscard]] MadeProcessor make_plain_processor(const VoiceProcessorConfig& config);

}  // namespace offhook::audio
