#pragma once

#include <cstdint>

#include "base/error.hpp"
#include "run.hpp"

namespace offhook::bench {

/// Which traces: `count` of them, from seed `first` on.
struct Seeds {
  std::uint64_t first = 1;
  int count = 1;
};

/// Seeds that were not looked at while the buffer was tuned (1 to 10 were).
inline constexpr Seeds unseen_seeds{.first = 101, .count = 10};

/// Mean and largest value over the seeds.
struct Spread {
  double mean = 0;
  double worst = -1e9;
  void add(double value, int of) {
    mean += value / of;
    worst = value > worst ? value : worst;
  }
};

struct Sweep {
  Spread concealed_percent{};
  Spread added_ms{};
  Spread added_p95_ms{};
  Spread growth_ms{};  ///< From the first minute to the last.
  Spread cpu_us{};
};

/// Runs `network` once for each seed. The raster of playing lies elsewhere each time: evenly over
/// its 20 ms in ten seeds one after the other.
[[nodiscard]] Result<Sweep> sweep(const Network& network, Setup setup, const Seeds& seeds);

}  // namespace offhook::bench
