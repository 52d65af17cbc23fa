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

Result<> speak_in_pieces(std::string_view text, const SpeechStyle& style, const SpeechSink& sink) {
  const auto known = std::find_if(voices.begin(), voices.end(),
                                  [&](const Voice& each) { return each.name == style.voice; });
  if (known == voices.end()) {
    return fail(Errc::not_found, "no voice \"" + style.voice + "\": use slt, rms or kal16");
  }
  std::vector<std::int16_t> samples;
  std::vector<Speech::Word> spoken;
  std::istringstream words{std::string{text}};
  for (std::string word; words >> word;) {
    constexpr std::size_t rate = speech_rate_hz;
    const std::size_t usual = rate / 10 + std::min<std::size_t>(word.size(), 20) * rate / 50;
    const auto length = static_cast<std::size_t>(static_cast<double>(usual) / style.speed);
    const std::size_t begin = samples.size();
    samples.resize(begin + length + rate / 20);  // 50 ms of silence between words
    SineGenerator tone{known->pitch_hz + 20.0 * static_cast<double>(word.size() % 8), amplitude,
                       speech_rate_hz};
    tone.fill(std::span{samples}.subspan(begin, length));
    spoken.push_back({word, static_cast<int>((begin + length) * 1'000 / rate)});
  }
  sink.begin(std::move(spoken), samples.size());
  static_cast<void>(sink.sound(samples));
  return {};
}

}  // namespace offhook::audio
