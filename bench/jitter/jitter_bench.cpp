// Networks from traces against the jitter buffers: what they conceal and what delay they add.
//
//   jitter_bench            the table
//   jitter_bench --gates    the limits that NetEQ keeps, as a test: exit 1 if not
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>

#include <fmt/format.h>

#include "run.hpp"

using namespace offhook;
using namespace offhook::bench;

namespace {

const Network& network(std::string_view name) {
  for (const Network& one : networks()) {
    if (one.name == name) {
      return one;
    }
  }
  std::abort();
}

void print_header() {
  fmt::print("{:<28} {:<9} {:<6} {:>11} {:>9} {:>7} {:>8}\n", "network", "buffer", "codec",
             "concealed %", "added ms", "p95 ms", "CPU us");
}

int print_row(const Network& one, const Setup& setup, std::string_view remark = "") {
  const auto outcome = run(one, setup);
  if (!outcome) {
    fmt::print("{}: {}\n", one.name, outcome.error().detail);
    return 1;
  }
  const bool delay_known = outcome->added_ms > 0;
  fmt::print("{:<28} {:<9} {:<6} {:>11.2f} {:>9} {:>7} {:>8.1f}\n",
             fmt::format("{}{}", one.name, remark), to_string(resolve(setup.buffer)),
             audio::codec_info(setup.codec).sdp_name, outcome->concealed_percent,
             delay_known ? fmt::format("{:.0f}", outcome->added_ms) : "-",
             delay_known ? fmt::format("{:.0f}", outcome->added_p95_ms) : "-", outcome->cpu_us);
  std::fflush(stdout);
  return 0;
}

int print_table() {
  int failures = 0;
  print_header();
  for (const Network& one : networks()) {
    for (const auto kind : {media::JitterBufferKind::neteq, media::JitterBufferKind::portable}) {
      if (kind == media::JitterBufferKind::neteq && !media::have_neteq()) {
        continue;
      }
      failures += print_row(one, {.buffer = kind, .codec = audio::CodecId::opus});
      if (one.loss_percent >= 5) {
        failures += print_row(
            one, {.buffer = kind, .codec = audio::CodecId::opus, .expected_loss_percent = 10},
            ", FEC");
      }
    }
  }
  return failures;
}

/// Prints each gate with what was measured.
class Gates {
 public:
  void check(std::string_view what, double measured, double limit) {
    const bool kept = measured <= limit;
    fmt::print("{} {:<52} {:>7.2f}  limit {:>6.2f}\n", kept ? "ok  " : "FAIL", what, measured,
               limit);
    std::fflush(stdout);
    failures_ += kept ? 0 : 1;
  }
  void run_and_check(const Network& one,
                     const Setup& setup,
                     const std::function<void(const Outcome&)>& checks) {
    const auto outcome = run(one, setup);
    if (outcome) {
      checks(*outcome);
    } else {
      fmt::print("FAIL {}: {}\n", one.name, outcome.error().detail);
      ++failures_;
    }
  }
  [[nodiscard]] int failures() const { return failures_; }

 private:
  int failures_ = 0;
};

constexpr int skipped = 77;  // ctest's SKIP_RETURN_CODE

int check_gates() {
  if (!media::have_neteq()) {
    fmt::print("skipped: this build has no NetEQ (libtgowt-dev)\n");
    return skipped;
  }
  Gates gates;
  const Setup opus{.buffer = media::JitterBufferKind::neteq, .codec = audio::CodecId::opus};
  fmt::print("buffer: {}\n", to_string(resolve(opus.buffer)));
  // However the packets arrive against the 20 ms of playing.
  double clean_ms = 0;
  for (const double phase_ms : {1.0, 6.0, 11.0, 16.0}) {
    Setup clean = opus;
    clean.phase_ms = phase_ms;
    gates.run_and_check(network("clean"), clean, [&](const Outcome& outcome) {
      clean_ms += outcome.added_ms / 4;
      gates.check(fmt::format("clean, phase {} ms: concealed %", phase_ms),
                  outcome.concealed_percent, 0.2);
    });
  }
  gates.check("clean: added ms, mean of the phases", clean_ms, 30);
  gates.run_and_check(network("wifi stalls + 1 %"), opus, [&](const Outcome& outcome) {
    gates.check("wifi stalls + 1 %: concealed %", outcome.concealed_percent, 2.5);
  });
  gates.run_and_check(network("+120 ms for 10 s"), opus, [&](const Outcome& outcome) {
    gates.check("+120 ms for 10 s: concealed %", outcome.concealed_percent, 1.5);
  });
  Setup fec = opus;
  fec.expected_loss_percent = 10;
  gates.run_and_check(network("10 %"), fec, [&](const Outcome& outcome) {
    gates.check("10 % with FEC: concealed %", outcome.concealed_percent, 4);
  });
  for (const char* name : {"+300 ppm", "-300 ppm"}) {
    const Setup hour{.buffer = media::JitterBufferKind::neteq, .seconds = 3'600};
    gates.run_and_check(network(name), hour, [&](const Outcome& outcome) {
      gates.check(fmt::format("{} for an hour: growth of added ms", name),
                  outcome.last_minute_ms - outcome.first_minute_ms, 10);
      gates.check(fmt::format("{} for an hour: concealed %", name), outcome.concealed_percent, 1);
    });
  }
  return gates.failures();
}

}  // namespace

int main(int argc, char** argv) {
  const bool gates = argc > 1 && std::strcmp(argv[1], "--gates") == 0;
  const int failures = gates ? check_gates() : print_table();
  return failures == skipped ? skipped : std::min(failures, 1);
}
