#include "sweep.hpp"

#include <utility>

namespace offhook::bench {

Result<Sweep> sweep(const Network& network, Setup setup, const Seeds& seeds) {
  Sweep all;
  for (int i = 0; i < seeds.count; ++i) {
    setup.seed = seeds.first + static_cast<std::uint64_t>(i);
    setup.phase_ms = 1 + 2.0 * static_cast<double>(setup.seed % 10);
    auto outcome = run(network, setup);
    if (!outcome) {
      return fail(std::move(outcome).error());
    }
    all.concealed_percent.add(outcome->concealed_percent, seeds.count);
    all.added_ms.add(outcome->added_ms, seeds.count);
    all.added_p95_ms.add(outcome->added_p95_ms, seeds.count);
    all.growth_ms.add(outcome->last_minute_ms - outcome->first_minute_ms, seeds.count);
    all.cpu_us.add(outcome->cpu_us, seeds.count);
  }
  return all;
}

}  // namespace offhook::bench
