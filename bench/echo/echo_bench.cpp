// Echo cancellers in simulated rooms: the tables of docs/sound.md. Deterministic but for the times.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "audio/voice/engines.hpp"
#include "score.hpp"
#include "voices.hpp"

namespace {

namespace audio = offhook::audio;
namespace bench = offhook::bench;

void print_header() {
  fmt::print("{:<13}{:<7}{:>6}{:>7}{:>7}{:>7}{:>7}{:>7}{:>7}{:>7}{:>9}{:>7}{:>8}{:>7}{:>8}\n",
             "scene", "engine", "ERLE", "conv s", "loud %", "moved", "again s", "DT SDR", "STOI",
             "cut %", "near SDR", "lag ms", "found", "us", "us p99");
}

void print_row(const std::string& scene, const std::string& engine, const bench::Score& score) {
  const auto seconds = [](double s) {
    return s >= bench::never ? std::string{"never"} : fmt::format("{:.2f}", s);
  };
  fmt::print(
      "{:<13}{:<7}{:>6.1f}{:>7}{:>7.1f}{:>7.1f}{:>7}{:>7.1f}{:>7.2f}{:>7.1f}{:>9.1f}{:>7.1f}{:>8}{:"
      ">7.0f}{:>8.0f}\n",
      scene, engine, score.erle_db, seconds(score.converged_s), score.loud_percent,
      score.moved_erle_db, seconds(score.recovered_s), score.both_sdr_db, score.both_stoi,
      score.both_cut_percent, score.near_sdr_db, score.delay_ms,
      fmt::format("{}/{:.0f}", score.found_delay_ms, score.found_drift_ppm), score.cpu_us,
      score.cpu_p99_us);
  std::fflush(stdout);
}

struct Options {
  std::vector<std::string> engines;
  std::vector<std::string> scenes;
  std::string noise = "off";
  std::vector<std::string> without;
  bool held_out = false;
};

offhook::Result<std::unique_ptr<audio::VoiceProcessor>> make(audio::VoiceEngine engine,
                                                             const Options& options) {
  const audio::VoiceProcessorConfig config{
      .engine = engine,
      .noise_suppression = audio::noise_suppression_from_name(options.noise).value()};
  if (engine != audio::VoiceEngine::dual || options.without.empty()) {
    return audio::make_voice_processor(config);
  }
  const auto has = [&](const char* name) {
    return std::ranges::find(options.without, name) == options.without.end();
  };
  return audio::make_dual_processor(
      config, {.drift = has("drift"), .jumps = has("jumps"), .loudspeaker = has("loudspeaker")});
}

bool wanted(const std::vector<std::string>& scenes, const std::string& name) {
  if (scenes.empty()) {
    return true;
  }
  for (const auto& scene : scenes) {
    if (name.starts_with(scene)) {
      return true;
    }
  }
  return false;
}

int run(const Options& options) {
  const auto voices =
      options.held_out ? bench::held_out_voices() : std::vector<bench::Voices>{bench::Voices{}};
  print_header();
  for (const auto& spec : options.held_out ? bench::gate_scenes() : bench::all_scenes()) {
    if (!wanted(options.scenes, spec.name)) {
      continue;
    }
    std::vector<bench::Scene> scenes;
    for (const auto& pair : voices) {
      scenes.push_back(bench::make_scene(spec, pair, {}));
    }
    for (const auto& name : options.engines) {
      const auto engine = audio::voice_engine_from_name(name);
      if (!engine) {
        fmt::print(stderr, "{}\n", engine.error().detail);
        return 2;
      }
      std::vector<bench::Score> scores;
      for (const auto& scene : scenes) {
        const auto processor = make(*engine, options);
        if (!processor) {
          fmt::print(stderr, "{}\n", processor.error().detail);
          return 2;
        }
        scores.push_back(bench::run(scene, **processor));
      }
      print_row(spec.name, name, scores.size() == 1 ? scores.front() : bench::mean_of(scores));
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Echo cancellers in simulated rooms"};
  Options options;
  for (const auto engine : audio::available_voice_engines()) {
    options.engines.emplace_back(audio::name_of(engine));
  }
  app.add_option("--engine", options.engines, "Engines, all by default")->delimiter(',');
  app.add_option("--scene", options.scenes, "First letters of scenes, all by default")
      ->delimiter(',');
  app.add_option("--noise", options.noise, "Noise suppression: off, low, moderate, high")
      ->check(CLI::IsMember({"off", "low", "moderate", "high"}));
  app.add_option("--without", options.without,
                 "Remedies of dual to leave out: drift, jumps, loudspeaker")
      ->delimiter(',')
      ->check(CLI::IsMember({"drift", "jumps", "loudspeaker"}));
  app.add_flag("--held-out", options.held_out,
               "The scenes of the gates, mean over three pairs of voices not used for tuning");
  CLI11_PARSE(app, argc, argv);
  fmt::print("voices: {}\n", bench::recorded_voices_available()
                                 ? "asterisk-core-sounds"
                                 : "flite (asterisk-core-sounds-*-g722 not installed)");
  return run(options);
}
