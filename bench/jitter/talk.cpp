#include "talk.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "random.hpp"

namespace offhook::bench {
namespace {

/// How strongly two resonances let a frequency through.
double resonance(double hz, double first_hz, double second_hz) {
  const auto peak = [hz](double centre, double width) {
    const double off = (hz - centre) / width;
    return 1 / (1 + off * off);
  };
  return peak(first_hz, 120) + 0.5 * peak(second_hz, 200);
}

class Voice {
 public:
  explicit Voice(std::uint64_t seed) : random_{seed} {}

  void syllable(std::vector<std::int16_t>& out) {
    const int samples = between(2'200, 4'600);
    const double from_hz = 90 + 90 * random_.uniform();
    const double to_hz = from_hz * (0.8 + 0.4 * random_.uniform());
    const double first_hz = 300 + 500 * random_.uniform();
    const double second_hz = 900 + 1'500 * random_.uniform();
    for (int i = 0; i < samples; ++i) {
      const double part = static_cast<double>(i) / samples;
      const double pitch_hz = from_hz + (to_hz - from_hz) * part;
      phase_ += 2 * std::numbers::pi * pitch_hz / talk_rate_hz;
      double sum = 0;
      for (int harmonic = 1; harmonic * pitch_hz < 3'400; ++harmonic) {
        sum += resonance(harmonic * pitch_hz, first_hz, second_hz) * std::sin(harmonic * phase_);
      }
      out.push_back(static_cast<std::int16_t>(2'500 * sum * std::sin(std::numbers::pi * part)));
    }
  }
  void consonant(std::vector<std::int16_t>& out) {
    const int samples = between(600, 1'600);
    for (int i = 0; i < samples; ++i) {
      out.push_back(static_cast<std::int16_t>(500 * random_.normal()));
    }
  }
  void pause(std::vector<std::int16_t>& out, int from_ms, int to_ms) {
    const int samples = between(from_ms, to_ms) * talk_rate_hz / 1'000;
    for (int i = 0; i < samples; ++i) {
      out.push_back(static_cast<std::int16_t>(5 * random_.normal()));
    }
  }
  int between(int from, int to) { return from + static_cast<int>(random_.uniform() * (to - from)); }

 private:
  Random random_;
  double phase_ = 0;
};

}  // namespace

std::vector<std::int16_t> talk(int seconds, std::uint64_t seed) {
  const auto size = static_cast<std::size_t>(seconds) * talk_rate_hz;
  std::vector<std::int16_t> sound;
  sound.reserve(size + talk_rate_hz);
  Voice voice{seed};
  while (sound.size() < size) {
    for (int word = voice.between(4, 10); word > 0; --word) {
      for (int syllable = voice.between(1, 4); syllable > 0; --syllable) {
        voice.consonant(sound);
        voice.syllable(sound);
      }
      voice.pause(sound, 20, 80);
    }
    voice.pause(sound, 300, 800);
  }
  sound.resize(size);
  return sound;
}

}  // namespace offhook::bench
