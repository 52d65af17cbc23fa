#include <algorithm>
#include <cmath>
#include <memory>

#include <doctest/doctest.h>

#include "audio/similarity.hpp"
#include "audio/speech.hpp"
#include "audio/voice/echo_delay.hpp"
#include "audio/voice/engines.hpp"
#include "audio/voice/far_history.hpp"
#include "audio/voice/voice_processor.hpp"
#include "sounds.hpp"

namespace audio = offhook::audio;
using audio::VoiceEngine;
using audio::VoiceProcessor;
using namespace offhook::audio::testing;

namespace {

constexpr int rate = VoiceProcessor::sample_rate_hz;
constexpr std::size_t block = VoiceProcessor::block_samples;

/// Noise that comes and goes like syllables, so that no canceller takes it for a fan.
Samples babble(double seconds) {
  Samples sound = noise(6'000, rate, seconds);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double swell = 0.55 + 0.45 * std::sin(static_cast<double>(i) / 800);
    sound[i] = static_cast<std::int16_t>(sound[i] * swell);
  }
  return sound;
}

/// What a microphone hears of it, later and weaker.
Samples echo_of(const Samples& far, std::size_t delay, double gain) {
  Samples echo(far.size());
  for (std::size_t i = delay; i < far.size(); ++i) {
    echo[i] = static_cast<std::int16_t>(gain * far[i - delay]);
  }
  return echo;
}

Samples run(VoiceProcessor& processor, const Samples& far, const Samples& near) {
  Samples out(near.size());
  for (std::size_t at = 0; at + block <= near.size(); at += block) {
    processor.process(std::span{far}.subspan(at, block), std::span{near}.subspan(at, block),
                      std::span{out}.subspan(at, block));
  }
  return out;
}

std::unique_ptr<VoiceProcessor> make(VoiceEngine engine) {
  return audio::make_voice_processor(
             {.engine = engine, .noise_suppression = audio::NoiseSuppression::off})
      .value();
}

std::span<const std::int16_t> last_second(const Samples& samples) {
  return std::span{samples}.last(rate);
}

}  // namespace

TEST_SUITE("voice processor") {
  TEST_CASE("dual takes the echo of a wire for no talker, whatever its linear stage leaves of it") {
    if (audio::default_voice_engine() != VoiceEngine::dual) {
      return;  // built without libtgowt
    }
    const auto speech = audio::speak(
        "This line is long, so that there is an echo of it to be measured. And there is a pause "
        "before the next one begins, and a word like tomato, or potato, is in it.",
        "slt", rate);
    REQUIRE(speech);
    Samples far;
    for (int i = 0; i < 3; ++i) {
      far.insert(far.end(), speech->sound.samples.begin(), speech->sound.samples.end());
      far.resize(far.size() + rate / 2);
    }
    far.resize(far.size() / block * block);
    const Samples near = echo_of(far, 400, 0.9);
    auto processor = make(VoiceEngine::dual);
    int loud = 0;
    int talked = 0;
    for (std::size_t at = 0; at < far.size(); at += block) {
      Samples out(block);
      processor->process(std::span{far}.subspan(at, block), std::span{near}.subspan(at, block),
                         out);
      if (at > 3 * rate && audio::rms_dbfs(std::span{far}.subspan(at, block)) > -30) {
        ++loud;
        talked += processor->stats().double_talk ? 1 : 0;
      }
    }
    CHECK(loud > 500);
    CHECK(talked * 20 < loud);
  }

  TEST_CASE("every engine that cancels takes an echo of 90 ms down by 15 dB within five seconds") {
    const Samples far = babble(6);
    const Samples near = echo_of(far, 1'440, 0.4);
    for (const VoiceEngine engine : audio::available_voice_engines()) {
      if (engine == VoiceEngine::off) {
        continue;
      }
      CAPTURE(audio::name_of(engine));
      auto processor = make(engine);
      const Samples out = run(*processor, far, near);
      CHECK(audio::rms_dbfs(last_second(out)) < audio::rms_dbfs(last_second(near)) - 15);
      CHECK(processor->stats().erle_db > 15);
      CHECK(processor->stats().delay_ms == 90);
    }
  }

  TEST_CASE("off leaves every sample alone, and gives no delay") {
    const Samples near = babble(1);
    auto processor = make(VoiceEngine::off);
    CHECK(run(*processor, near, near) == near);
    CHECK(processor->stats().delay_ms == -1);
  }

  TEST_CASE("speech without a far side comes out as it went in, whatever the engine") {
    const Samples near = joined({Samples(3'200), speech("Nobody else is on the line now.", rate)});
    const Samples silence(near.size());
    for (const VoiceEngine engine : audio::available_voice_engines()) {
      CAPTURE(audio::name_of(engine));
      const Samples out = run(*make(engine), silence, near);
      CHECK(audio::mel_similarity(near, out, rate) > 0.97);
      CHECK(audio::best_alignment(near, out, 480).lag_samples <= 16 * 16);  // 16 ms
    }
  }

  TEST_CASE("the output may take the place of the input") {
    const Samples far = babble(2);
    const Samples near = echo_of(far, 800, 0.5);
    for (const VoiceEngine engine : audio::available_voice_engines()) {
      CAPTURE(audio::name_of(engine));
      const Samples apart = run(*make(engine), far, near);
      auto processor = make(engine);
      Samples in_place = near;
      for (std::size_t at = 0; at + block <= near.size(); at += block) {
        const auto part = std::span{in_place}.subspan(at, block);
        processor->process(std::span{far}.subspan(at, block), part, part);
      }
      CHECK(in_place == apart);
    }
  }

  TEST_CASE("blocks of another size pass unchanged") {
    const Samples near = babble(1);
    for (const VoiceEngine engine : audio::available_voice_engines()) {
      CAPTURE(audio::name_of(engine));
      auto processor = make(engine);
      Samples out(100);
      processor->process({}, std::span{near}.first(100), out);
      CHECK(std::ranges::equal(out, std::span{near}.first(100)));
    }
  }

  TEST_CASE("full scale and silence, in any mixture, do no harm") {
    Samples far = noise(32'767, rate, 2);
    Samples near = far;
    std::ranges::reverse(near);
    std::fill_n(far.begin(), 8'000, std::int16_t{-32'768});
    std::fill_n(near.begin() + 8'000, 8'000, std::int16_t{0});
    for (const VoiceEngine engine : audio::available_voice_engines()) {
      for (const bool gain : {false, true}) {
        CAPTURE(audio::name_of(engine));
        auto processor =
            audio::make_voice_processor({.engine = engine,
                                         .noise_suppression = audio::NoiseSuppression::high,
                                         .gain = gain})
                .value();
        run(*processor, far, near);
        CHECK(std::isfinite(processor->stats().erle_db));
      }
    }
  }

  TEST_CASE("noise suppression lowers steady noise, more at each step") {
    const Samples hiss = noise(600, rate, 4);
    const Samples silence(hiss.size());
    double before = audio::rms_dbfs(last_second(hiss));
    using enum audio::NoiseSuppression;
    for (const auto strength : {low, moderate, high}) {
      auto processor =
          audio::make_voice_processor({.engine = VoiceEngine::off, .noise_suppression = strength})
              .value();
      const double after = audio::rms_dbfs(last_second(run(*processor, silence, hiss)));
      CHECK(after < before - 2);
      before = after;
    }
  }

  TEST_CASE("engines have names, and a wrong name is told what there is") {
    for (const VoiceEngine engine : audio::available_voice_engines()) {
      CHECK(audio::voice_engine_from_name(audio::name_of(engine)).value() == engine);
    }
    const auto wrong = audio::voice_engine_from_name("best");
    REQUIRE(!wrong);
    CHECK(wrong.error().code == offhook::Errc::invalid_argument);
    CHECK(wrong.error().detail.find("speex, off") != std::string::npos);
    CHECK(audio::available_voice_engines().front() == audio::default_voice_engine());
    CHECK(audio::available_voice_engines().back() == VoiceEngine::off);
  }

  TEST_CASE("an engine that is not in the build is refused with its reason" *
            doctest::skip(audio::default_voice_engine() == VoiceEngine::dual)) {
    const auto processor = audio::make_voice_processor({.engine = VoiceEngine::dual});
    REQUIRE(!processor);
    CHECK(processor.error().code == offhook::Errc::unsupported);
    CHECK(processor.error().detail.find("libtgowt") != std::string::npos);
  }
}

TEST_SUITE("echo delay") {
  TEST_CASE("is found within half a millisecond, from 20 to 450 ms") {
    const Samples far = babble(3);
    for (const std::size_t delay : {320U, 1'600U, 7'200U}) {
      const Samples near = echo_of(far, delay, 0.3);
      audio::EchoDelay estimator;
      for (std::size_t at = 0; at < far.size(); at += block) {
        static_cast<void>(
            estimator.push(audio::ConstBlockView{std::span{far}.subspan(at, block)},
                           audio::ConstBlockView{std::span{near}.subspan(at, block)}));
      }
      REQUIRE(estimator.known());
      CHECK(std::abs(estimator.samples() - static_cast<double>(delay)) < 8);
      CHECK(std::abs(estimator.slope()) < 10e-6);
    }
  }

  TEST_CASE("stays unknown without an echo") {
    const Samples far = babble(3);
    Samples near = noise(3'000, rate, 6);
    near.erase(near.begin(), near.begin() + rate * 3);
    audio::EchoDelay estimator;
    for (std::size_t at = 0; at < far.size(); at += block) {
      static_cast<void>(estimator.push(audio::ConstBlockView{std::span{far}.subspan(at, block)},
                                       audio::ConstBlockView{std::span{near}.subspan(at, block)}));
    }
    CHECK(!estimator.known());
  }
}

TEST_SUITE("far history") {
  TEST_CASE("is read between the samples") {
    audio::FarHistory history;
    const Samples sound = tone(1'000, 10'000, rate, 0.1);
    for (std::size_t at = 0; at < sound.size(); at += block) {
      history.push(audio::ConstBlockView{std::span{sound}.subspan(at, block)});
    }
    std::array<std::int16_t, block> out{};
    history.read(20.25, 0, out);
    const std::size_t begin = sound.size() - block;
    // Half way between samples would be the worst case; a quarter shows the sign as well.
    for (std::size_t i = 0; i < block; ++i) {
      const double phase = (static_cast<double>(begin + i) - 20.25) * 2 * 3.14159265358979 / 16;
      const double first = std::asin(std::clamp(sound[0] / 10'000.0, -1.0, 1.0));
      CHECK(std::abs(out[i] - 10'000 * std::sin(phase + first)) < 20);
    }
  }
}
