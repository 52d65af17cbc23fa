#include "serve/usage_window.hpp"

namespace offhook::serve {
namespace {

void add_to(agent::UsageSums& sums, const agent::UsageSums& more) {
  sums.calls += more.calls;
  sums.seconds += more.seconds;
  sums.tokens += more.tokens;
}

void take_from(agent::UsageSums& sums, const agent::UsageSums& less) {
  sums.calls -= less.calls;
  sums.seconds -= less.seconds;
  sums.tokens -= less.tokens;
}

}  // namespace

void UsageWindow::add(const std::string& caller, const agent::UsageSums& used, std::int64_t now) {
  forget_old(now);
  entries_.push_back({now, caller, used});
  CallerSums& sums = by_caller_[caller];
  ++sums.entries;
  add_to(sums.used, used);
  add_to(all_, used);
}

agent::UsageSums UsageWindow::of(const std::string& caller, std::int64_t now) {
  forget_old(now);
  const auto found = by_caller_.find(caller);
  return found == by_caller_.end() ? agent::UsageSums{} : found->second.used;
}

agent::UsageSums UsageWindow::all(std::int64_t now) {
  forget_old(now);
  return all_;
}

void UsageWindow::forget_old(std::int64_t now) {
  while (!entries_.empty() && now - entries_.front().at >= day_s) {
    const Entry& oldest = entries_.front();
    take_from(all_, oldest.used);
    CallerSums& sums = by_caller_[oldest.caller];
    take_from(sums.used, oldest.used);
    if (--sums.entries == 0) {
      by_caller_.erase(oldest.caller);
    }
    entries_.pop_front();
  }
}

}  // namespace offhook::serve
