#include "agent/admission.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include <fmt/format.h>

namespace offhook::agent {
namespace {

bool reached(std::uint64_t used, std::uint64_t limit) { return limit != 0 && used >= limit; }

std::string reached_quota(const Quota& quota, const UsageSums& used, std::string_view of) {
  if (reached(used.calls, quota.calls)) {
    return fmt::format("{} calls of {} in 24 hours", quota.calls, of);
  }
  if (reached(used.seconds, quota.seconds)) {
    return fmt::format("{} s of {} in 24 hours", quota.seconds, of);
  }
  if (reached(used.tokens, quota.tokens)) {
    return fmt::format("{} tokens of {} in 24 hours", quota.tokens, of);
  }
  return {};
}

std::string reached_limit(const AdmissionLimits& limits, const AdmissionState& state) {
  if (reached(state.concurrent_calls, limits.concurrent_calls)) {
    return fmt::format("{} calls at the same time", limits.concurrent_calls);
  }
  if (reached(state.concurrent_calls_of_caller, limits.concurrent_calls_of_caller)) {
    return fmt::format("{} calls of one caller at the same time",
                       limits.concurrent_calls_of_caller);
  }
  if (auto reason = reached_quota(limits.caller_day, state.caller_day, "one caller");
      !reason.empty()) {
    return reason;
  }
  return reached_quota(limits.day, state.day, "all callers");
}

/// The smaller of a limit and what is left of a quota; 0 stands for no bound in both.
std::uint64_t narrowed(std::uint64_t limit, std::uint64_t quota, std::uint64_t used) {
  if (quota == 0) {
    return limit;
  }
  const std::uint64_t left = std::max<std::uint64_t>(1, quota - std::min(quota, used));
  return limit == 0 ? left : std::min(limit, left);
}

}  // namespace

Admission admit(const AdmissionLimits& limits,
                const CallLimits& of_call,
                const AdmissionState& state) {
  Admission admission;
  admission.limits = of_call;
  admission.reason = reached_limit(limits, state);
  if (!admission.reason.empty()) {
    admission.reason.insert(0, "limit reached: ");
    admission.reject_code = limits.reject_code;
    return admission;
  }
  admission.admitted = true;
  admission.limits = narrow(limits, of_call, state);
  return admission;
}

CallLimits narrow(const AdmissionLimits& limits, CallLimits of_call, const AdmissionState& state) {
  auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(0, of_call.seconds.count()));
  std::uint64_t tokens = of_call.tokens;
  seconds = narrowed(seconds, limits.caller_day.seconds, state.caller_day.seconds);
  seconds = narrowed(seconds, limits.day.seconds, state.day.seconds);
  tokens = narrowed(tokens, limits.caller_day.tokens, state.caller_day.tokens);
  tokens = narrowed(tokens, limits.day.tokens, state.day.tokens);
  of_call.seconds = std::chrono::seconds{static_cast<std::int64_t>(seconds)};
  of_call.tokens = tokens;
  return of_call;
}

std::string used_up(const AdmissionLimits& limits, const AdmissionState& state) {
  const auto reached_while_running = [](Quota quota, const UsageSums& used, std::string_view of) {
    quota.calls = 0;  // the last call that it allows may go on
    return reached_quota(quota, used, of);
  };
  std::string reason = reached_while_running(limits.caller_day, state.caller_day, "one caller");
  if (reason.empty()) {
    reason = reached_while_running(limits.day, state.day, "all callers");
  }
  return reason.empty() ? reason : "limit reached: " + reason;
}

}  // namespace offhook::agent
