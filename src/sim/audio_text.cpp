#include "sim/audio_text.hpp"

#include <vector>

#include "audio/g711.hpp"
#include "audio/resampler.hpp"
#include "base/base64.hpp"
#include "sim/speaker.hpp"

namespace offhook::sim {
namespace {

constexpr int pcm_rate_hz = 24'000;
constexpr int g711_rate_hz = 8'000;

}  // namespace

std::string audio_text(std::span<const std::int16_t> sound, std::string_view format) {
  const bool mu_law = format == "audio/pcmu";
  const bool a_law = format == "audio/pcma";
  const bool pcm = !mu_law && !a_law;
  const auto samples = audio::resample(sound, voice_rate_hz, pcm ? pcm_rate_hz : g711_rate_hz);
  if (!samples) {
    return {};
  }
  std::vector<std::uint8_t> bytes;
  bytes.reserve(samples->size() * 2);
  for (const std::int16_t sample : *samples) {
    if (pcm) {
      const auto value = static_cast<std::uint16_t>(sample);
      bytes.push_back(static_cast<std::uint8_t>(value & 0xFFU));
      bytes.push_back(static_cast<std::uint8_t>(value >> 8U));
    } else {
      bytes.push_back(mu_law ? audio::encode_mu_law(sample) : audio::encode_a_law(sample));
    }
  }
  return base64_encode(bytes);
}

}  // namespace offhook::sim
