#include <algorithm>
#include <array>
#include <sstream>

#include "audio/speech.hpp"
#include "audio/tone.hpp"

namespace offhook::audio {
namespace {

struct Voice {
  std::string_view name;
  double pitch_hz;
};
constexpr std::array<Voice, 3> voices{{{"slt", 440}, {"rms", 220}, {"kal16", 330}}};

constexpr double amplitude = 8'000;

}  // namespace

bool speech_available() noexcept { return false; }

Result<Speech> speak(std::string_view text, std::string_view voice, int sample_rate_hz) {
  const auto known = std::find_if(voices.begin(), voices.end(),
                                  [&](const Voice& each) { return each.name == voice; });
  if (known == voices.end()) {
    return fail(Errc::not_found, "no voice \"" + std::string{voice} + "\": use slt, rms or kal16");
  }
  if (sample_rate_hz < 8'000 || sample_rate_hz > 48'000) {
    return fail(Errc::unsupported, "speech at " + std::to_string(sample_rate_hz) + " Hz");
  }
  Speech speech;
  speech.sound.sample_rate_hz = sample_rate_hz;
  auto& samples = speech.sound.samples;
  std::istringstream words{std::string{text}};
  for (std::string word; words >> word;) {
    const auto rate = static_cast<std::size_t>(sample_rate_hz);
    const std::size_t length = rate / 10 + std::min<std::size_t>(word.size(), 20) * rate / 50;
    const std::size_t begin = samples.size();
    samples.resize(begin + length + rate / 20);  // 50 ms of silence between words
    SineGenerator tone{known->pitch_hz + 20.0 * static_cast<double>(word.size() % 8), amplitude,
                       sample_rate_hz};
    tone.fill(std::span{samples}.subspan(begin, length));
    speech.words.push_back({word, static_cast<int>((begin + length) * 1'000 / rate)});
  }
  return speech;
}

}  // namespace offhook::audio
