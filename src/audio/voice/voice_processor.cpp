#include "audio/voice/voice_processor.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "audio/voice/engines.hpp"

namespace offhook::audio {
namespace {

constexpr std::array all_engines{VoiceEngine::dual, VoiceEngine::aec3, VoiceEngine::speex,
                                 VoiceEngine::off};

std::string names_of_available() {
  std::string names;
  for (const VoiceEngine engine : available_voice_engines()) {
    names += (names.empty() ? "" : ", ") + std::string{name_of(engine)};
  }
  return names;
}

}  // namespace

std::string_view name_of(VoiceEngine engine) noexcept {
  switch (engine) {
    case VoiceEngine::dual: return "dual";
    case VoiceEngine::aec3: return "aec3";
    case VoiceEngine::speex: return "speex";
    case VoiceEngine::off: return "off";
  }
  return "off";
}

Result<VoiceEngine> voice_engine_from_name(std::string_view name) {
  const auto found =
      std::ranges::find(all_engines, name, [](VoiceEngine engine) { return name_of(engine); });
  if (found == all_engines.end()) {
    return fail(Errc::invalid_argument, "no echo canceller \"" + std::string{name} +
                                            "\"; there is " + names_of_available());
  }
  return *found;
}

std::string_view name_of(NoiseSuppression strength) noexcept {
  switch (strength) {
    case NoiseSuppression::off: return "off";
    case NoiseSuppression::low: return "low";
    case NoiseSuppression::moderate: return "moderate";
    case NoiseSuppression::high: return "high";
  }
  return "off";
}

Result<NoiseSuppression> noise_suppression_from_name(std::string_view name) {
  using enum NoiseSuppression;
  for (const NoiseSuppression strength : {off, low, moderate, high}) {
    if (name == name_of(strength)) {
      return strength;
    }
  }
  return fail(Errc::invalid_argument, "no noise suppression \"" + std::string{name} +
                                          "\"; there is off, low, moderate, high");
}

VoiceEngine default_voice_engine() noexcept {
  return have_webrtc ? VoiceEngine::dual : VoiceEngine::speex;
}

std::vector<VoiceEngine> available_voice_engines() {
  if (have_webrtc) {
    return {all_engines.begin(), all_engines.end()};
  }
  return {VoiceEngine::speex, VoiceEngine::off};
}

Result<std::unique_ptr<VoiceProcessor>> make_voice_processor(const VoiceProcessorConfig& config) {
  switch (config.engine) {
    case VoiceEngine::dual:
    case VoiceEngine::aec3:
      if (!have_webrtc) {
        return fail(Errc::unsupported, "echo canceller " + std::string{name_of(config.engine)} +
                                           ": built without libtgowt; there is " +
                                           names_of_available());
      }
      return config.engine == VoiceEngine::dual ? make_dual_processor(config)
                                                : make_aec3_processor(config);
    case VoiceEngine::speex: return make_speex_processor(config);
    case VoiceEngine::off: return make_plain_processor(config);
  }
  return fail(Errc::invalid_argument, "echo canceller: unknown engine");
}

}  // namespace offhook::audio
