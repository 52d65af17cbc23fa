#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "audio/check/advice.hpp"
#include "audio/check/check_figures.hpp"
#include "audio/check/sweep.hpp"
#include "audio/resampler.hpp"
#include "sounds.hpp"

namespace audio = offhook::audio;
using audio::testing::Samples;

namespace {

constexpr int check_rate_hz = audio::device_rate_hz;

struct Room {
  double delay_ms = 80;
  double gain = 0.25;
  double noise = 10;              ///< Peak.
  double speaker_limit = 40'000;  ///< The loudspeaker clips hard above.
  double microphone_gain = 1;     ///< Before the microphone clips at full scale.
  int drift_ppm = 0;              ///< Of the microphone against the loudspeaker.
  double lost_ms = 0;             ///< Cut out of what is heard, in the middle.
};

const audio::CheckSignal& signal() {
  static const audio::CheckSignal made = audio::make_check_signal(audio::testing::speech(
      "The quick brown fox jumps over the lazy dog, and then it sleeps in the sun.",
      check_rate_hz));
  return made;
}

/// Direct sound and a reflection that is 6 dB quieter.
audio::CheckRecording record(const Room& room) {
  const auto delay = static_cast<std::size_t>(room.delay_ms * check_rate_hz / 1'000);
  constexpr std::size_t reflection = 300;
  Samples played = signal().samples;
  played.resize(played.size() + check_rate_hz);
  for (std::int16_t& sample : played) {
    sample = static_cast<std::int16_t>(
        std::clamp<double>(sample, -room.speaker_limit, room.speaker_limit));
  }
  auto heard = audio::testing::noise(room.noise, check_rate_hz,
                                     static_cast<double>(played.size()) / check_rate_hz);
  for (std::size_t i = delay + reflection; i < heard.size(); ++i) {
    const double sound = room.gain * (played[i - delay] + 0.5 * played[i - delay - reflection]);
    heard[i] = static_cast<std::int16_t>(
        std::clamp(room.microphone_gain * (heard[i] + sound), -32'768.0, 32'767.0));
  }
  if (room.drift_ppm != 0) {
    heard = audio::resample(heard, 100'000, 100'000 + room.drift_ppm / 10).value();
  }
  const auto lost = static_cast<std::ptrdiff_t>(room.lost_ms * check_rate_hz / 1'000);
  const auto middle = heard.begin() + std::ssize(heard) / 2;
  heard.erase(middle, middle + lost);
  return {.heard = std::move(heard), .play_began_ms = 100, .heard_began_ms = 100};
}

audio::CheckFigures measure(const Room& room) {
  auto canceller = audio::make_voice_processor({}).value();
  return audio::measure(signal(), record(room), canceller.get());
}

bool advises(const audio::CheckFigures& figures, std::string_view key) {
  return std::ranges::any_of(audio::advise(figures),
                             [&](const audio::Advice& advice) { return advice.key == key; });
}

}  // namespace

TEST_SUITE("check of the sound devices") {
  TEST_CASE("finds delay, level and what the canceller leaves in a quiet room") {
    const auto figures = measure({});
    REQUIRE(figures.sound_found);
    CHECK(figures.round_trip_ms == doctest::Approx(80).epsilon(0.001));
    CHECK(figures.echo_gain_db == doctest::Approx(-9).epsilon(0.1));  // both ways add up
    CHECK(figures.echo_dbfs - figures.echo_after_dbfs > 20);
    CHECK(figures.noise_dbfs < -70);
    CHECK(figures.distortion_db < -40);
    CHECK(figures.clipped == 0);
    CHECK(figures.jumps == 0);
    CHECK(std::abs(figures.drift_ppm) < 2);
    CHECK(advises(figures, "good"));
  }

  TEST_CASE("finds delays from none to that of Bluetooth") {
    for (const double delay_ms : {1.0, 15.0, 240.0, 600.0}) {
      const auto recording = record({.delay_ms = delay_ms});
      const auto figures = audio::measure(signal(), recording, nullptr);
      CAPTURE(delay_ms);
      REQUIRE(figures.sound_found);
      CHECK(std::abs(figures.round_trip_ms - delay_ms) < 0.1);
      CHECK(figures.echo_after_dbfs == figures.echo_dbfs);  // without a canceller
      CHECK(advises(figures, "delay_long") == (delay_ms > 250));
    }
  }

  TEST_CASE("counts from the times at which the two streams began") {
    auto recording = record({});
    recording.heard_began_ms += 35;
    const auto figures = audio::measure(signal(), recording, nullptr);
    REQUIRE(figures.sound_found);
    CHECK(std::abs(figures.round_trip_ms - 115) < 0.1);
  }

  TEST_CASE("tells a loudspeaker that clips from a microphone that does") {
    const auto loudspeaker = measure({.speaker_limit = 6'000});
    CHECK(loudspeaker.distortion_db > -20);
    CHECK(loudspeaker.clipped == 0);
    CHECK(advises(loudspeaker, "loudspeaker_clips"));
    CHECK_FALSE(advises(loudspeaker, "microphone_clips"));
    const auto microphone = measure({.microphone_gain = 12});
    CHECK(microphone.clipped > 100);
    CHECK(advises(microphone, "microphone_clips"));
    CHECK_FALSE(advises(microphone, "good"));
  }

  TEST_CASE("finds a drift of the clocks within a few ppm") {
    for (const int ppm : {-300, 60}) {
      const auto figures = audio::measure(signal(), record({.drift_ppm = ppm}), nullptr);
      CAPTURE(ppm);
      REQUIRE(figures.sound_found);
      CHECK(std::abs(figures.drift_ppm - ppm) < 10);
      CHECK(figures.jumps == 0);
      CHECK(advises(figures, "drift") == (ppm == -300));
    }
  }

  TEST_CASE("sees lost sound as a jump and not as a drift") {
    const auto figures = audio::measure(signal(), record({.lost_ms = 20}), nullptr);
    REQUIRE(figures.sound_found);
    CHECK(figures.jumps == 1);
    CHECK(std::abs(figures.drift_ppm) < 5);
    CHECK(advises(figures, "gaps"));
  }

  TEST_CASE("finds the sweeps in noise that is louder than they are") {
    const auto figures = audio::measure(signal(), record({.gain = 0.03, .noise = 1'000}), nullptr);
    CHECK(figures.sound_found);
    CHECK(std::abs(figures.round_trip_ms - 80) < 0.2);
  }

  TEST_CASE("calls a room without echo a headset, and a dead microphone muted") {
    const auto headset = measure({.gain = 0});
    CHECK_FALSE(headset.sound_found);
    CHECK(advises(headset, "no_echo"));
    const auto muted = measure({.gain = 0, .noise = 0});
    CHECK_FALSE(muted.sound_found);
    CHECK(muted.noise_dbfs == -120);
    CHECK(advises(muted, "no_sound"));
    CHECK(audio::advise(muted).front().text.find("muted") != std::string::npos);
  }

  TEST_CASE("says that a room is loud, and that a server cancels") {
    CHECK(advises(measure({.noise = 2'000}), "noisy"));
    auto recording = record({.gain = 0});
    recording.server_cancels_echo = true;
    const auto figures = audio::measure(signal(), recording, nullptr);
    CHECK(advises(figures, "no_echo"));
    CHECK_FALSE(audio::advise(figures).front().problem);
  }

  TEST_CASE("takes any recording, also an empty one or one that ends early") {
    CHECK_FALSE(audio::measure(signal(), {}, nullptr).sound_found);
    auto recording = record({});
    recording.heard.resize(recording.heard.size() / 3);
    const auto figures = audio::measure(signal(), recording, nullptr);
    CHECK(figures.clipped == 0);
  }
}
