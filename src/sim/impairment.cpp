#include "sim/impairment.hpp"

#include <algorithm>

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

constexpr double often = 0.1;
constexpr int most_jitter_ms = 80;
constexpr auto overtaken_after = 50ms;  // the next two packets leave within 40 ms
constexpr auto twin_after = 5ms;

}  // namespace

Impairment::Impairment(const QuirkSet& quirks, bool blocked, std::uint32_t seed)
    : quirks_{quirks}, blocked_{blocked}, dice_{seed} {}

bool Impairment::happens(double probability) {
  return std::uniform_real_distribution<double>{0, 1}(dice_) < probability;
}

std::vector<Impairment::Clock::time_point> Impairment::next(Clock::time_point now) {
  if (blocked_ || (quirks_.has(Quirk::loss) && happens(often))) {
    return {};
  }
  auto due = now;
  if (quirks_.has(Quirk::jitter)) {
    const int late_ms = std::uniform_int_distribution<int>{0, most_jitter_ms}(dice_);
    due = std::max(now + std::chrono::milliseconds{late_ms}, last_due_);
    last_due_ = due;
  }
  if (quirks_.has(Quirk::reorder) && happens(often)) {
    due += overtaken_after;
  }
  std::vector<Clock::time_point> times{due};
  if (quirks_.has(Quirk::duplicate_packets) && happens(often)) {
    times.push_back(due + twin_after);
  }
  return times;
}

}  // namespace offhook::sim
