#include "audio/speech.hpp"

#include <utility>

#include "audio/resampler.hpp"

namespace offhook::audio {

Result<Speech> speak(std::string_view text, std::string_view voice, int sample_rate_hz) {
  Speech speech;
  std::vector<std::int16_t> samples;
  const SpeechSink sink{[&](std::vector<Speech::Word> words, std::size_t size) {
                          speech.words = std::move(words);
                          samples.reserve(size);
                        },
                        [&](std::span<const std::int16_t> more) {
                          samples.insert(samples.end(), more.begin(), more.end());
                          return true;
                        }};
  if (auto spoken = speak_in_pieces(text, {.voice = std::string{voice}}, sink); !spoken) {
    return fail(std::move(spoken).error());
  }
  auto resampled = resample(samples, speech_rate_hz, sample_rate_hz);
  if (!resampled) {
    return fail(std::move(resampled).error().with("speech"));
  }
  speech.sound = {sample_rate_hz, std::move(*resampled)};
  return speech;
}

}  // namespace offhook::audio
