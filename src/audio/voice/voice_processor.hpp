#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace offhook::audio {

/// How the loudspeaker's echo is taken out of the microphone signal. docs/sound.md compares them.
enum class VoiceEngine {
  dual,   ///< Linear canceller and AEC3 side by side: keeps the person who talks over the echo.
  aec3,   ///< WebRTC's canceller alone: deep suppression, half duplex when both talk.
  speex,  ///< speexdsp's canceller and residual suppressor.
  off,    ///< No echo cancellation: headsets, files, devices that cancel already.
};

/// "dual", "aec3", "speex", "off".
[[nodiscard]] std::string_view name_of(VoiceEngine engine) noexcept;
/// @return `Errc::invalid_argument` for another name; the detail lists what this build has.
[[nodiscard]] Result<VoiceEngine> voice_engine_from_name(std::string_view name);

enum class NoiseSuppression { off, low, moderate, high };

/// "off", "low", "moderate", "high".
[[nodiscard]] std::string_view name_of(NoiseSuppression strength) noexcept;
/// @return `Errc::invalid_argument` for another name; the detail lists them.
[[nodiscard]] Result<NoiseSuppression> noise_suppression_from_name(std::string_view name);

/// What this build does when nothing is said: `dual`, or `speex` without libtgowt.
[[nodiscard]] VoiceEngine default_voice_engine() noexcept;
/// Best first; `off` last and always.
[[nodiscard]] std::vector<VoiceEngine> available_voice_engines();

struct VoiceProcessorConfig {
  VoiceEngine engine = default_voice_engine();
  NoiseSuppression noise_suppression = NoiseSuppression::off;  ///< Costs 6 ms of delay.
  bool gain = false;  ///< Automatic gain towards a steady speech level.

  [[nodiscard]] bool does_something() const noexcept {
    return engine != VoiceEngine::off || noise_suppression != NoiseSuppression::off || gain;
  }
};

/// What the processor sees at this moment; for displays and reports.
struct VoiceProcessorStats {
  double erle_db = 0;        ///< Echo attenuation over the last second or so of loudspeaker sound.
  int delay_ms = -1;         ///< From `far` to its echo in `near`; -1 while unknown.
  double drift_ppm = 0;      ///< How much faster the microphone's clock runs; 0 where not tracked.
  bool double_talk = false;  ///< The person talks, or nobody does; else only the loudspeaker.
};

/// Cleans the microphone signal of one call: echo, noise, level. Lives on one thread at a time.
///
/// Works on mono at 16 kHz in blocks of 10 ms. An echo may come up to 500 ms after its sound.
class VoiceProcessor {
 public:
  static constexpr int sample_rate_hz = 16'000;
  static constexpr std::size_t block_samples = 160;

  virtual ~VoiceProcessor() = default;

  /// Processes 10 ms: `block_samples` in each span, anything else is passed through unchanged.
  ///
  /// Does not allocate, block or throw. The output comes up to 16 ms later than `near`.
  /// @param far   What was written to the loudspeaker for this time.
  /// @param near  What the microphone heard.
  /// @param out   May be the same memory as `near`.
  virtual void process(std::span<const std::int16_t> far,
                       std::span<const std::int16_t> near,
                       std::span<std::int16_t> out) noexcept = 0;

  /// The thread of `process`.
  [[nodiscard]] virtual VoiceProcessorStats stats() const noexcept = 0;
};

/// @return `Errc::unsupported` when this build lacks the engine; the detail says which it has.
[[nodiscard]] Result<std::unique_ptr<VoiceProcessor>> make_voice_processor(
    const VoiceProcessorConfig& config);

}  // namespace offhook::audio
