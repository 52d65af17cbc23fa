#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "audio/check/advice.hpp"
#include "audio/check/check_run.hpp"
#include "audio/speech.hpp"
#include "base/json_text.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/print.hpp"
#include "cli/settings.hpp"

namespace offhook::cli {
namespace {

struct AudioCheckArguments {
  audio::DeviceRequest request;
  std::string echo;
  bool json = false;
};

constexpr const char* audio_check_footer =
    R"(Plays sweeps and a few sentences for some 17 s, so set the volume as in a call and be quiet meanwhile.

Examples:
  offhook audio-check
  offhook audio-check --mic headset --speaker headset --json)";

/// What the canceller has to take out: sound like that of a call.
constexpr const char* sentences =
    "This is what the other side of a call sounds like on your loudspeaker. While it is played, "
    "your microphone listens, and the echo is taken out of what it hears.";

boost::json::value when(bool known, double value) {
  return known ? boost::json::value(value) : boost::json::value(nullptr);
}

void print_json(const audio::CheckRecording& recording,
                const audio::CheckFigures& figures,
                const std::vector<audio::Advice>& advice,
                std::string_view engine) {
  const bool found = figures.sound_found;
  boost::json::array list;
  bool good = true;
  for (const audio::Advice& one : advice) {
    list.push_back({{"key", one.key}, {"text", one.text}, {"problem", one.problem}});
    good = good && !one.problem;
  }
  const boost::json::object line{
      {"backend", recording.backend},
      {"sound_found", found},
      {"round_trip_ms", when(found, figures.round_trip_ms)},
      {"noise_dbfs", figures.noise_dbfs},
      {"echo_dbfs", when(found, figures.echo_dbfs)},
      {"echo_gain_db", when(found, figures.echo_gain_db)},
      {"echo_after_dbfs", when(found, figures.echo_after_dbfs)},
      {"canceller", engine},
      {"canceller_delay_ms",
       when(found && figures.canceller_delay_ms >= 0, figures.canceller_delay_ms)},
      {"distortion_db", when(found, figures.distortion_db)},
      {"clipped_samples", figures.clipped},
      {"gaps", figures.gaps},
      {"jumps", figures.jumps},
      {"drift_ppm", when(found, figures.drift_ppm)},
      {"server_cancels_echo", figures.server_cancels_echo},
      {"good", good},
      {"advice", std::move(list)}};
  fmt::print("{}\n", json_text(line));
}

void print_figure(std::string_view name, const std::string& value) {
  fmt::print("  {:<24} {}\n", name, value);
}

void print_text(const audio::CheckRecording& recording,
                const audio::CheckFigures& figures,
                const std::vector<audio::Advice>& advice,
                std::string_view engine) {
  fmt::print("by {}\n", recording.backend);
  if (figures.sound_found) {
    print_figure("round trip", fmt::format("{:.1f} ms", figures.round_trip_ms));
    print_figure("echo", fmt::format("{:.0f} dBFS, {:+.0f} dB against what was played",
                                     figures.echo_dbfs, figures.echo_gain_db));
    print_figure(fmt::format("after canceller {}", engine),
                 fmt::format("{:.0f} dBFS, {:.0f} dB less", figures.echo_after_dbfs,
                             figures.echo_dbfs - figures.echo_after_dbfs));
    print_figure("loudspeaker's distortion", fmt::format("{:.0f} dB", figures.distortion_db));
    print_figure("drift of the clocks", fmt::format("{:+.0f} ppm", figures.drift_ppm));
  }
  print_figure("noise", fmt::format("{:.0f} dBFS", figures.noise_dbfs));
  print_figure("microphone clipped", fmt::format("{} samples", figures.clipped));
  print_figure("gaps", fmt::format("{}, jumps of the delay {}", figures.gaps, figures.jumps));
  for (const audio::Advice& one : advice) {
    fmt::print("{} {}\n", one.problem ? '!' : '-', one.text);
  }
}

int run_audio_check(const AudioCheckArguments& arguments) {
  const auto engine = arguments.echo.empty()
                          ? Result<audio::VoiceEngine>{audio::default_voice_engine()}
                          : audio::voice_engine_from_name(arguments.echo);
  if (!engine) {
    return complain(Error{engine.error()}.with("--echo"), exit_usage);
  }
  auto processor = audio::make_voice_processor({.engine = *engine});
  if (!processor) {
    return complain(processor.error(), exit_usage);
  }
  const auto speech = audio::speak(sentences, "slt", audio::device_rate_hz);
  if (!speech) {
    return complain(speech.error(), exit_internal_error);
  }
  const audio::CheckSignal signal = audio::make_check_signal(speech->sound.samples);
  if (!arguments.json) {
    fmt::print("listening to the room for {} s; please be quiet\n",
               signal.samples.size() / audio::device_rate_hz);
    std::fflush(stdout);
  }
  const auto recording = audio::record_check(arguments.request, signal);
  if (!recording) {
    const bool unknown =
        recording.error().code == Errc::unsupported && !arguments.request.backend.empty();
    return complain(recording.error(), unknown ? exit_usage : exit_audio);
  }
  const audio::CheckFigures figures = audio::measure(signal, *recording, processor->get());
  const auto advice = audio::advise(figures);
  if (arguments.json) {
    print_json(*recording, figures, advice, audio::name_of(*engine));
  } else {
    print_text(*recording, figures, advice, audio::name_of(*engine));
  }
  return exit_ok;
}

}  // namespace

void add_audio_check_command(CLI::App& app, Command& chosen) {
  CLI::App* check = app.add_subcommand(
      "audio-check", "Measure delay, echo and noise of microphone and loudspeaker");
  check->footer(audio_check_footer);
  const auto arguments = std::make_shared<AudioCheckArguments>();
  check
      ->add_option("--mic", arguments->request.microphone,
                   "Microphone: a name or part of it, see offhook devices")
      ->type_name("NAME");
  check->add_option("--speaker", arguments->request.loudspeaker, "Loudspeaker, the same way")
      ->type_name("NAME");
  check->add_option("--backend", arguments->request.backend,
                    "pipewire, pulse or rtaudio (default: the first that answers)");
  check->add_option("--echo", arguments->echo, "Canceller to try: " + echo_engines_text())
      ->type_name("ENGINE");
  check->add_flag("--json", arguments->json, "One JSON object");
  check->callback(
      [arguments, &chosen] { chosen = [arguments] { return run_audio_check(*arguments); }; });
}

}  // namespace offhook::cli
