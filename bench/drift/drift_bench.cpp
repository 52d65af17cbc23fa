// An hour's call between clocks that differ, in simulated time: neither does the delay grow, nor
// does sound run out. Prints each way's delays; with --gates the exit code tells whether they hold.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <span>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "call.hpp"
#include "media/jitter_buffer_kind.hpp"

namespace media = offhook::media;
using offhook::bench::Clocks;
using offhook::bench::Outcome;
using offhook::bench::Way;

namespace {

constexpr int skipped = 77;  // ctest's SKIP_RETURN_CODE
constexpr std::size_t marks_in_5_min = 75;
constexpr std::size_t marks_to_settle = 15;  // a minute

// Gates. A jitter buffer that plays what was sent as it was sent moves in steps of 20 ms.
constexpr double most_growth_ms = 10;
constexpr double most_concealed_percent = 0.2;
constexpr double most_out_ms = 50;
constexpr double most_in_ms = 150;

/// Delays of one way once it has settled.
struct Figures {
  double first_ms = 0;  ///< Mean of 5 minutes.
  double last_ms = 0;
  double most_ms = 0;
  bool all_heard = false;
};

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Figures figures(const Way& way) {
  const std::span<const double> all{way.delay_ms};
  if (all.size() < marks_to_settle + marks_in_5_min) {
    return {};
  }
  const auto settled = all.subspan(marks_to_settle);
  return {.first_ms = mean(settled.first(marks_in_5_min)),
          .last_ms = mean(settled.last(marks_in_5_min)),
          .most_ms = std::ranges::max(settled),
          .all_heard = all.size() + 1 >= way.said};
}

bool holds(const Figures& way, double most_ms) {
  return way.all_heard && way.most_ms <= most_ms &&
         std::abs(way.last_ms - way.first_ms) <= most_growth_ms;
}

bool holds(const Outcome& outcome) {
  const auto sent = static_cast<double>(outcome.stream.packets_received);
  const auto concealed = static_cast<double>(outcome.stream.frames_concealed);
  return holds(figures(outcome.microphone_to_wire), most_out_ms) &&
         holds(figures(outcome.wire_to_loudspeaker), most_in_ms) &&
         outcome.capture.underruns + outcome.capture.overruns == 0 &&
         outcome.playback.underruns + outcome.playback.overruns == 0 && outcome.far_skips == 0 &&
         outcome.stream.buffer_resets == 0 && concealed <= sent * most_concealed_percent / 100;
}

void print(const Clocks& clocks, media::JitterBufferKind buffer, const Outcome& outcome, bool ok) {
  const Figures out = figures(outcome.microphone_to_wire);
  const Figures in = figures(outcome.wire_to_loudspeaker);
  fmt::print(
      "{} {:<8} device {:+.0f} ppm, peer {:+.0f} ppm: microphone to wire {:.1f} -> {:.1f} ms, "
      "most {:.1f}; wire to loudspeaker {:.1f} -> {:.1f} ms, most {:.1f}; underruns {} {}, "
      "dropped {} {}, reference jumps {}, concealed {} of {}\n",
      ok ? "ok  " : "FAIL", to_string(buffer), clocks.device_ppm, clocks.peer_ppm, out.first_ms,
      out.last_ms, out.most_ms, in.first_ms, in.last_ms, in.most_ms, outcome.capture.underruns,
      outcome.playback.underruns, outcome.capture.overruns, outcome.playback.overruns,
      outcome.far_skips, outcome.stream.frames_concealed, outcome.stream.frames_played);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"An hour's call between clocks that differ"};
  std::string name{to_string(media::default_jitter_buffer)};
  double ppm = 300;
  int seconds = 3'600;
  bool gates = false;
  app.add_option("--buffer", name, "portable or neteq");
  app.add_option("--ppm", ppm, "of the device's clock, and of the peer's the other way");
  app.add_option("--seconds", seconds, "of the call");
  app.add_flag("--gates", gates, "exit code 1 when a limit is broken");
  CLI11_PARSE(app, argc, argv);
  const auto buffer = media::jitter_buffer_kind(name);
  if (!buffer) {
    fmt::print(stderr, "drift_bench: no jitter buffer \"{}\"; portable or neteq\n", name);
    return 2;
  }
  if (*buffer == media::JitterBufferKind::neteq && !media::have_neteq()) {
    fmt::print("skipped: this build has no NetEQ (libtgowt-dev)\n");
    return skipped;
  }
  const Clocks clocks{.device_ppm = ppm, .peer_ppm = -ppm};
  const auto outcome =
      offhook::bench::call({.clocks = clocks, .buffer = *buffer, .seconds = seconds});
  if (!outcome) {
    fmt::print(stderr, "drift_bench: {}\n", outcome.error().detail);
    return 2;
  }
  const bool ok = holds(*outcome);
  print(clocks, *buffer, *outcome, ok);
  return gates && !ok ? 1 : 0;
}
