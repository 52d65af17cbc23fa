#include "audio/resampler.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include "audio/similarity.hpp"
#include "sounds.hpp"

using offhook::Errc;
using namespace offhook::audio::testing;
namespace audio = offhook::audio;

namespace {

/// Level of a tone above everything else, in dB, in the middle of `samples`.
double signal_to_noise_db(std::span<const std::int16_t> samples, double frequency_hz, int rate_hz) {
  const auto middle = samples.subspan(samples.size() / 4, samples.size() / 2);
  double sine = 0;
  double cosine = 0;
  double energy = 0;
  for (std::size_t i = 0; i < middle.size(); ++i) {
    const double phase =
        2 * std::numbers::pi * frequency_hz * static_cast<double>(i) / static_cast<double>(rate_hz);
    sine += middle[i] * std::sin(phase);
    cosine += middle[i] * std::cos(phase);
    energy += static_cast<double>(middle[i]) * middle[i];
  }
  const double tone_energy =
      2 * (sine * sine + cosine * cosine) / static_cast<double>(middle.size());
  return 10 * std::log10(tone_energy / std::max(energy - tone_energy, 1e-9));
}

}  // namespace

TEST_SUITE("resampler") {
  TEST_CASE("keeps a tone as clean as 16 bits allow, between all rates") {
    for (const int from : {8'000, 11'025, 16'000, 24'000, 44'100, 48'000, 96'000}) {
      for (const int to : all_rates) {
        const auto out = audio::resample(tone(1'000, 20'000, from, 2), from, to).value();
        CAPTURE(from);
        CAPTURE(to);
        CHECK(out.size() == static_cast<std::size_t>(2 * to));
        CHECK(signal_to_noise_db(out, 1'000, to) > 75);
        CHECK(audio::rms_dbfs(out) ==
              doctest::Approx(audio::rms_dbfs(tone(1'000, 20'000, to, 2))).epsilon(0.01));
      }
    }
  }

  TEST_CASE("removes what the lower rate cannot carry") {
    const auto out = audio::resample(tone(6'000, 20'000, 48'000, 1), 48'000, 8'000).value();
    CHECK(audio::rms_dbfs(std::span{out}.subspan(800, 6'400)) < -80);
  }

  TEST_CASE("of a whole sound adds no delay and loses no end") {
    auto original = Samples(4'000);
    const auto beep = audio::resample(noise(10'000, 8'000, 0.25), 8'000, 16'000).value();
    std::copy(beep.begin(), beep.end(), original.begin());
    const auto there = audio::resample(original, 16'000, 48'000).value();
    const auto back = audio::resample(there, 48'000, 16'000).value();
    REQUIRE(back.size() == original.size());
    const auto found = audio::best_alignment(original, back, 1'000);
    CHECK(found.lag_samples == 0);
    CHECK(found.correlation > 0.999);
    CHECK(audio::resample({}, 8'000, 16'000).value().empty());
  }

  TEST_CASE("gives exactly one frame for each frame, at once") {
    for (const int from : all_rates) {
      for (const int to : all_rates) {
        auto resampler = audio::Resampler::create(from, to).value();
        Samples out(2'000);
        const auto in = tone(300, 10'000, from, 0.5);
        for (std::size_t at = 0; at + 1 < in.size(); at += audio::samples_per_frame(from)) {
          const auto block = std::span{in}.subspan(at, audio::samples_per_frame(from));
          CHECK(resampler.process(block, out) == audio::samples_per_frame(to));
        }
      }
    }
  }

  TEST_CASE("delays by 5 ms at most") {
    for (const int from : all_rates) {
      for (const int to : all_rates) {
        auto resampler = audio::Resampler::create(from, to).value();
        CAPTURE(from);
        CAPTURE(to);
        CHECK(resampler.delay_samples() <= static_cast<std::size_t>(from / 200));
      }
    }
  }

  TEST_CASE("refuses rates that no sound has") {
    CHECK(audio::Resampler::create(0, 8'000).error().code == Errc::unsupported);
    CHECK(audio::Resampler::create(8'000, -1).error().code == Errc::unsupported);
    CHECK(audio::Resampler::create(2'000'000'000, 8'000).error().code == Errc::unsupported);
  }
}
