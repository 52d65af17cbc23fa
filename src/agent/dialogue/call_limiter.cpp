#include "agent/dialogue/call_limiter.hpp"

#include <algorithm>

namespace offhook::agent {
namespace {

using std::chrono::milliseconds;

}  // namespace

void CallLimiter::begin(Time now) {
  if (limits_.seconds.count() <= 0) {
    return;
  }
  reason_ = "the call reached its limit of " + std::to_string(limits_.seconds.count()) + " s";
  const milliseconds all = limits_.seconds;
  const milliseconds last = std::min<milliseconds>(limits_.goodbye_time, all / 2);
  plan(now + all - last, now + all);
}

void CallLimiter::on_tokens(std::uint64_t used, Time now) {
  if (limits_.tokens > 0 && used >= limits_.tokens && !began_goodbye_) {
    Time end = now + limits_.goodbye_time;
    if (hang_up_) {
      end = std::min(end, *hang_up_);
    }
    reason_ = "the call reached its limit of " + std::to_string(limits_.tokens) + " tokens";
    plan(now, end);
    on_time(now);
  }
}

void CallLimiter::plan(Time goodbye, Time hang_up) {
  goodbye_ = goodbye;
  insist_ = goodbye + (hang_up - goodbye) / 2;
  hang_up_ = hang_up;
}

void CallLimiter::on_time(Time now) {
  const auto reached = [now](std::optional<Time>& time) {
    if (!time || now < *time) {
      return false;
    }
    time.reset();
    return true;
  };
  if (reached(goodbye_)) {
    began_goodbye_ = true;
    steps_.push_back(Step::goodbye);
  }
  if (reached(insist_)) {
    steps_.push_back(Step::insist);
  }
  if (reached(hang_up_)) {
    steps_.push_back(Step::hang_up);
  }
}

std::optional<CallLimiter::Time> CallLimiter::deadline() const {
  return goodbye_ ? goodbye_ : insist_ ? insist_ : hang_up_;
}

}  // namespace offhook::agent
