#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/profile.hpp"

namespace offhook::agent {

/// What calls have used in the last 24 hours, those that are still running included.
struct UsageSums {
  std::uint64_t calls = 0;
  std::uint64_t seconds = 0;
  std::uint64_t tokens = 0;
};

/// Bounds of `UsageSums`; 0 means none.
struct Quota {
  std::uint64_t calls = 0;
  std::uint64_t seconds = 0;
  std::uint64_t tokens = 0;
};

/// Limits over all calls; 0 means none.
struct AdmissionLimits {
  std::size_t concurrent_calls = 0;
  std::size_t concurrent_calls_of_caller = 0;
  Quota caller_day{};     ///< Of each caller in 24 hours.
  Quota day{};            ///< Of all callers in 24 hours.
  int reject_code = 486;  ///< SIP status of a refused call.
};

/// What is going on when a call comes. Callers without a number count as one caller.
struct AdmissionState {
  std::size_t concurrent_calls = 0;
  std::size_t concurrent_calls_of_caller = 0;
  UsageSums caller_day{};
  UsageSums day{};
};

struct Admission {
  bool admitted = false;
  int reject_code = 0;  ///< Set unless admitted.
  std::string reason;   ///< Set unless admitted: which limit, for the log.
  CallLimits limits;    ///< Of the call, narrowed to what is left of the quotas.
};

/// Decides whether a call may be taken, and how much it may use.
///
/// The quotas are looked at when a call begins; for calls that run at the same time, each of which
/// was allowed what was left, there is `used_up`.
[[nodiscard]] Admission admit(const AdmissionLimits& limits,
                              const CallLimits& of_call,
                              const AdmissionState& state);

/// The limits of a call, narrowed to what others have left of the quotas, but never to nothing.
/// @param state  Without what the call itself has used.
[[nodiscard]] CallLimits narrow(const AdmissionLimits& limits,
                                CallLimits of_call,
                                const AdmissionState& state);

/// Which quota of seconds or tokens running calls have used up between them, for the log; empty:
/// none.
[[nodiscard]] std::string used_up(const AdmissionLimits& limits, const AdmissionState& state);

}  // namespace offhook::agent
