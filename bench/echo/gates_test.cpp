// The promises of docs/sound.md, held against simulated rooms with voices that no constant was
// chosen with. Scenes are shorter than those of the tables: 41 s, or 27 without a moved
// loudspeaker, instead of 75.
#include <cmath>
#include <cstdio>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "audio/voice/voice_processor.hpp"
#include "scene.hpp"
#include "score.hpp"
#include "voices.hpp"

namespace bench = offhook::bench;
namespace audio = offhook::audio;

namespace {

constexpr bench::Timeline short_times{
    .silence = 1, .far_only = 12, .both = 8, .near_only = 4, .moved = 2};
/// Of what follows the move, the first 8 s are for adaptation, as in the tables.
constexpr bench::Timeline times_with_move{
    .silence = 1, .far_only = 12, .both = 8, .near_only = 4, .moved = 16};

bench::Score measure(const bench::SceneSpec& spec,
                     const bench::Voices& voices,
                     audio::VoiceEngine engine,
                     const bench::Timeline& times = short_times) {
  auto processor = audio::make_voice_processor(
      {.engine = engine, .noise_suppression = audio::NoiseSuppression::off});
  REQUIRE(processor.has_value());
  return bench::run(bench::make_scene(spec, voices, times), **processor);
}

void tell(const char* what, const bench::Score& score) {
  std::printf(
      "%s: ERLE %.1f dB, 20 dB after %.2f s, %.1f %% loud, moved %.1f dB, "
      "both: SDR %.1f dB, STOI %.2f, "
      "cut %.1f %%; %.0f us per 10 ms\n",
      what, score.erle_db, score.converged_s, score.loud_percent, score.moved_erle_db,
      score.both_sdr_db, score.both_stoi, score.both_cut_percent, score.cpu_us);
}

bool skip_without_recordings() {
  if (bench::recorded_voices_available()) {
    return false;
  }
  MESSAGE("skipped: asterisk-core-sounds-{en,es,fr,it,ru}-g722 or G.722 are not installed");
  return true;
}

}  // namespace

TEST_SUITE("echo canceller in rooms A, B and with 30 ppm drift, held-out voices") {
  TEST_CASE("dual removes the echo within a second and keeps the person who talks over it" *
            doctest::skip(audio::default_voice_engine() != audio::VoiceEngine::dual)) {
    if (skip_without_recordings()) {
      return;
    }
    std::vector<bench::Score> scores;
    for (const auto& spec : bench::gate_scenes()) {
      for (const auto& voices : bench::held_out_voices()) {
        scores.push_back(measure(spec, voices, audio::VoiceEngine::dual, times_with_move));
        tell(spec.name.c_str(), scores.back());
        CHECK(scores.back().moved_erle_db >= 25);
      }
    }
    const auto mean = bench::mean_of(scores);
    tell("mean", mean);
    CHECK(mean.erle_db >= 28);
    CHECK(mean.converged_s <= 1.0);
    CHECK(mean.loud_percent <= 2);
    CHECK(mean.both_stoi >= 0.80);
    CHECK(mean.both_sdr_db >= 8);
    CHECK(mean.both_cut_percent <= 5);
    CHECK(mean.near_sdr_db >= 30);
    CHECK(mean.delay_ms <= 16);
  }

  TEST_CASE("speex never cuts the person, and weakens the echo of an undistorted loudspeaker") {
    if (skip_without_recordings()) {
      return;
    }
    std::vector<bench::Score> scores;
    const auto specs = bench::gate_scenes();
    for (const auto& spec : {specs.front(), specs.back()}) {
      scores.push_back(measure(spec, bench::held_out_voices().front(), audio::VoiceEngine::speex));
      tell(spec.name.c_str(), scores.back());
    }
    const auto mean = bench::mean_of(scores);
    CHECK(mean.erle_db >= 20);
    CHECK(mean.both_stoi >= 0.90);
    CHECK(mean.both_cut_percent <= 2);
    CHECK(mean.delay_ms <= 16);
  }
}

TEST_SUITE("weak spots of echo cancellers") {
  // Each of these lets far more through, or cuts far more, without its remedy: docs/sound.md.

  TEST_CASE("clocks that differ by 100 ppm are followed" *
            doctest::skip(audio::default_voice_engine() != audio::VoiceEngine::dual)) {
    if (skip_without_recordings()) {
      return;
    }
    const auto score =
        measure(bench::all_scenes()[4], bench::held_out_voices()[1], audio::VoiceEngine::dual);
    tell("D", score);
    CHECK(score.erle_db >= 28);
    CHECK(score.both_stoi >= 0.80);
    CHECK(std::abs(score.found_drift_ppm - 100) < 20);
  }

  TEST_CASE("the person is heard over a clipping loudspeaker" *
            doctest::skip(audio::default_voice_engine() != audio::VoiceEngine::dual)) {
    if (skip_without_recordings()) {
      return;
    }
    const auto score =
        measure(bench::all_scenes()[2], bench::held_out_voices()[1], audio::VoiceEngine::dual);
    tell("C", score);
    CHECK(score.erle_db >= 22);
    CHECK(score.both_stoi >= 0.75);
  }

  TEST_CASE("a delay that jumps by 120 ms is found again within two seconds" *
            doctest::skip(audio::default_voice_engine() != audio::VoiceEngine::dual)) {
    if (skip_without_recordings()) {
      return;
    }
    const auto score =
        measure(bench::all_scenes()[6], bench::held_out_voices()[1], audio::VoiceEngine::dual);
    tell("E", score);
    CHECK(score.recovered_s <= 2.0);
    CHECK(score.found_delay_ms > 175);
    CHECK(score.found_delay_ms < 190);
  }
}
