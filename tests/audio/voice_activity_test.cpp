#include "audio/voice_activity.hpp"

#include <doctest/doctest.h>

#include "audio/similarity.hpp"
#include "audio/turn_detector.hpp"
#include "sounds.hpp"

using offhook::audio::CodecId;
using offhook::audio::Frame;
using offhook::audio::TurnDetector;
using offhook::audio::TurnEvent;
using offhook::audio::VoiceActivity;
using namespace offhook::audio::testing;
namespace audio = offhook::audio;

namespace {

std::vector<TurnEvent> turns_in(std::span<const std::int16_t> samples, int rate_hz) {
  VoiceActivity voice;
  TurnDetector turns;
  std::vector<TurnEvent> events;
  for_each_frame(samples, rate_hz, [&](const Frame& frame) {
    const TurnEvent event = turns.push(voice.process(frame, rate_hz));
    if (event.kind != TurnEvent::Kind::none) {
      events.push_back(event);
    }
  });
  return events;
}

Samples pause(int rate_hz, double seconds) {
  return Samples(static_cast<std::size_t>(rate_hz * seconds));
}

void mix_in(Samples& sound, const Samples& other) {
  for (std::size_t i = 0; i < sound.size() && i < other.size(); ++i) {
    sound[i] = static_cast<std::int16_t>(sound[i] + other[i]);
  }
}

/// Three sentences, 1.5 s apart.
Samples conversation(int rate_hz, std::string_view voice) {
  return joined({pause(rate_hz, 1.5), speech("Hello, this is a test call.", rate_hz, voice),
                 pause(rate_hz, 1.5), speech("What is the weather in London?", rate_hz, voice),
                 pause(rate_hz, 1.5), speech("Thank you and goodbye.", rate_hz, voice),
                 pause(rate_hz, 1.5)});
}

}  // namespace

TEST_SUITE("voice activity" * doctest::skip(!audio::speech_available())) {
  TEST_CASE("finds the turns of every voice through PCMU, at every rate") {
    for (const char* voice : {"slt", "rms", "kal16"}) {
      for (const int rate : all_rates) {
        CAPTURE(voice);
        CAPTURE(rate);
        const auto events = turns_in(through(CodecId::pcmu, conversation(rate, voice), rate), rate);
        REQUIRE(events.size() == 6);
        for (std::size_t i = 0; i < events.size(); ++i) {
          CHECK(events[i].kind ==
                (i % 2 == 0 ? TurnEvent::Kind::started : TurnEvent::Kind::stopped));
        }
        // The sentence begins at 1.5 s with some silence of its own; 300 ms are padding.
        CHECK(events[0].audio_ms >= 1'200);
        CHECK(events[0].audio_ms <= 1'700);
      }
    }
  }

  TEST_CASE("finds them in white noise 20 dB below the speech") {
    auto sound = conversation(16'000, "slt");
    const double level = std::pow(10, (audio::rms_dbfs(sound) - 20) / 20) * 32'768 * std::sqrt(3);
    mix_in(sound, noise(level, 16'000, 60));
    CHECK(turns_in(through(CodecId::pcmu, sound, 16'000), 16'000).size() == 6);
  }

  TEST_CASE("finds none in silence, hiss, loud noise and the hum of a line") {
    CHECK(turns_in(pause(16'000, 60), 16'000).empty());
    CHECK(turns_in(tone(50, 400, 16'000, 20), 16'000).empty());
    CHECK(turns_in(through(CodecId::pcmu, noise(40, 8'000, 60), 8'000), 8'000).empty());
    CHECK(turns_in(noise(1'000, 16'000, 30), 16'000).empty());
  }

  TEST_CASE("tells levels above 150 Hz, and the noise floor") {
    VoiceActivity voice;
    for_each_frame(noise(1'000, 16'000, 20), 16'000,
                   [&](const Frame& frame) { voice.process(frame, 16'000); });
    // Averaging two samples takes 3 dB from white noise.
    const double expected = audio::rms_dbfs(noise(1'000, 16'000, 1)) - 3;
    CHECK(std::abs(voice.level_dbfs() - expected) < 2);
    CHECK(std::abs(voice.floor_dbfs() - expected) < 3);
  }

  TEST_CASE("takes a frame of another size or rate for no speech") {
    VoiceActivity voice;
    Frame frame;
    frame.silence(16'000);
    CHECK(voice.process(frame, 8'000) == 0);
    CHECK(voice.process(frame, 44'100) == 0);
    frame.size = 0;
    CHECK(voice.process(frame, 0) == 0);
  }
}
