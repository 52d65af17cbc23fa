#include "media/jitter_buffer_factory.hpp"

#include <utility>

#include "media/adaptive_jitter_buffer.hpp"
#include "media/neteq_jitter_buffer.hpp"

namespace offhook::media {

bool have_neteq() noexcept {
#ifdef OFFHOOK_HAVE_TGOWT
  return true;
#else
  return false;
#endif
}

Result<std::unique_ptr<JitterBuffer>> make_jitter_buffer(JitterBufferKind kind,
                                                         audio::CodecId codec,
                                                         int audio_rate_hz) {
  // Made for NetEQ too: it says whether this build has the codec at that rate.
  auto decoder = audio::make_decoder(codec, audio_rate_hz);
  if (!decoder) {
    return fail(std::move(decoder).error());
  }
  const audio::CodecInfo& info = audio::codec_info(codec);
  if (kind == JitterBufferKind::portable) {
    return std::make_unique<AdaptiveJitterBuffer>(*std::move(decoder), info, audio_rate_hz);
  }
#ifdef OFFHOOK_HAVE_TGOWT
  return make_neteq_jitter_buffer(info, audio_rate_hz);
#else
  return fail(Errc::unsupported,
              "this build has no NetEQ: install libtgowt-dev and build again, or take the portable "
              "jitter buffer");
#endif
}

}  // namespace offhook::media
