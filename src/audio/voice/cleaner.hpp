#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "audio/voice/voice_processor.hpp"

namespace offhook::audio {

/// 10 ms at 16 kHz.
using BlockView = std::span<std::int16_t, VoiceProcessor::block_samples>;
using ConstBlockView = std::span<const std::int16_t, VoiceProcessor::block_samples>;

/// One stage of a library that cleans the microphone signal in place.
class Cleaner {
 public:
  virtual ~Cleaner() = default;
  virtual void process(ConstBlockView far, BlockView near) noexcept = 0;
};

struct CleanerConfig {
  bool echo = false;
  NoiseSuppression noise_suppression = NoiseSuppression::off;
  bool gain = false;
};

/// WebRTC's AEC3, noise suppression and gain control, as far as asked for; a high-pass filter of
/// 100 Hz always. AEC3 delays by 8 ms, noise suppression by 6 ms more.
/// @return null when the library refuses, and in a build without it.
[[nodiscard]] std::unique_ptr<Cleaner> make_webrtc_cleaner(const CleanerConfig& config);

/// speexdsp's noise suppression and gain control; `echo` is not its business. 10 ms of delay.
[[nodiscard]] std::unique_ptr<Cleaner> make_speex_cleaner(const CleanerConfig& config);

/// The best this build has for noise and gain; null when neither is asked for.
[[nodiscard]] std::unique_ptr<Cleaner> make_noise_cleaner(const VoiceProcessorConfig& config);

}  // namespace offhook::audio
