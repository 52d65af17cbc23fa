#include "sim/audio_reflector.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/base64.hpp"

namespace offhook::sim {
namespace {

constexpr int reflected_rate_hz = 24'000;
constexpr int reflected_frame_ms = 20;
constexpr int frames_per_event = 5;

std::string encode(const std::vector<std::int16_t>& samples) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(samples.size() * 2);
  for (const std::int16_t sample : samples) {
    const auto value = static_cast<std::uint16_t>(sample);
    bytes.push_back(static_cast<std::uint8_t>(value & 0xFFU));
    bytes.push_back(static_cast<std::uint8_t>(value >> 8U));
  }
  return base64_encode(bytes);
}

}  // namespace

Result<AudioReflector> AudioReflector::create() {
  auto input = audio::Resampler::create(voice_rate_hz, reflected_rate_hz);
  auto output = audio::Resampler::create(voice_rate_hz, reflected_rate_hz);
  if (!input || !output) {
    return fail(!input ? input.error() : output.error());
  }
  return AudioReflector{std::move(*input), std::move(*output)};
}

void AudioReflector::Direction::add(const std::array<std::int16_t, frame_samples>& frame) {
  std::array<std::int16_t, frame_samples * reflected_rate_hz / voice_rate_hz + 1> out{};
  const std::size_t count = resampler.process(frame, out);
  samples.insert(samples.end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count));
}

std::vector<boost::json::object> AudioReflector::take(const CallerFrame& frame) {
  std::vector<boost::json::object> events;
  input_.add(frame.samples);
  output_.add(frame.sent);
  audible_ = audible_ || std::any_of(frame.sent.begin(), frame.sent.end(),
                                     [](std::int16_t sample) { return sample != 0; });
  if (++frames_ < frames_per_event) {
    return events;
  }
  events.push_back({{"type", "session.input_audio.append"}, {"audio", encode(input_.samples)}});
  const int end_ms = start_ms_ + frames_ * reflected_frame_ms;
  if (audible_) {
    events.push_back({{"type", "session.output_audio.delta"},
                      {"delta", encode(output_.samples)},
                      {"start_ms", start_ms_},
                      {"end_ms", end_ms}});
  }
  input_.samples.clear();
  output_.samples.clear();
  audible_ = false;
  frames_ = 0;
  start_ms_ = end_ms;
  return events;
}

}  // namespace offhook::sim
