#include "gates.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string_view>

#include <fmt/format.h>

#include "sweep.hpp"

namespace offhook::bench {
namespace {

constexpr int skipped = 77;  // ctest's SKIP_RETURN_CODE
constexpr int hour_seconds = 3'600;
constexpr double clean_ms = 30;

/// Prints each gate with what was measured.
class Gates {
 public:
  explicit Gates(media::JitterBufferKind buffer) : buffer_{buffer} {
    fmt::print("     {:<44} {:>7} {:>7} {:>7}\n", to_string(buffer), "mean", "worst", "limit");
  }
  [[nodiscard]] Setup setup() const { return {.buffer = buffer_, .codec = audio::CodecId::opus}; }

  /// The mean has to keep `limit`, the worst trace `worst_limit`.
  void check(std::string_view what, const Spread& measured, double limit, double worst_limit) {
    const bool kept = measured.mean <= limit && measured.worst <= worst_limit;
    fmt::print("{} {:<44} {:>7.2f} {:>7.2f} {:>7.2f}\n", kept ? "ok  " : "FAIL", what,
               measured.mean, measured.worst, limit);
    std::fflush(stdout);
    failed_ = failed_ || !kept;
  }
  void measure(std::string_view network,
               const Setup& setup,
               const Seeds& seeds,
               const std::function<void(const Sweep&)>& checks) {
    const auto known = networks();
    const auto one = std::ranges::find(known, network, &Network::name);
    const auto all = sweep(*one, setup, seeds);
    if (all) {
      checks(*all);
    } else {
      fmt::print("FAIL {}: {}\n", network, all.error().detail);
      failed_ = true;
    }
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  media::JitterBufferKind buffer_;
  bool failed_ = false;
};

void check_networks(Gates& gates) {
  constexpr double any = 1e9;
  gates.measure("clean", gates.setup(), unseen_seeds, [&](const Sweep& all) {
    gates.check("clean: concealed %", all.concealed_percent, 0.2, 0.2);
    gates.check("clean: added ms", all.added_ms, clean_ms, any);
  });
  gates.measure("wifi stalls + 1 %", gates.setup(), unseen_seeds, [&](const Sweep& all) {
    gates.check("wifi stalls + 1 %: concealed %", all.concealed_percent, 2.5, any);
  });
  gates.measure("+120 ms for 10 s", gates.setup(), unseen_seeds, [&](const Sweep& all) {
    gates.check("+120 ms for 10 s: concealed %", all.concealed_percent, 1.5, 1.5);
  });
  Setup fec = gates.setup();
  fec.expected_loss_percent = 10;
  gates.measure("10 %", fec, unseen_seeds, [&](const Sweep& all) {
    gates.check("10 % with FEC: concealed %", all.concealed_percent, 4, any);
  });
}

void check_clocks(Gates& gates) {
  Setup hour = gates.setup();
  hour.codec = audio::CodecId::pcmu;
  hour.seconds = hour_seconds;
  for (const std::string_view name : {"+300 ppm", "-300 ppm"}) {
    gates.measure(name, hour, {.first = unseen_seeds.first, .count = 1}, [&](const Sweep& all) {
      gates.check(fmt::format("{} for an hour: growth of added ms", name), all.growth_ms, 10, 10);
      gates.check(fmt::format("{} for an hour: concealed %", name), all.concealed_percent, 1, 1);
    });
  }
}

}  // namespace

int check_gates(media::JitterBufferKind buffer) {
  if (buffer == media::JitterBufferKind::neteq && !media::have_neteq()) {
    fmt::print("skipped: this build has no NetEQ (libtgowt-dev)\n");
    return skipped;
  }
  Gates gates{buffer};
  check_networks(gates);
  check_clocks(gates);
  return gates.failed() ? 1 : 0;
}

}  // namespace offhook::bench
