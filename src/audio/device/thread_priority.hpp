#pragma once

#include <pthread.h>
#include <sched.h>

namespace offhook::audio {

/// Puts the calling thread above ordinary work and below the sound server's own threads. Most
/// users may not; then it stays an ordinary thread.
inline void ask_for_priority() noexcept {
  sched_param parameters{};
  parameters.sched_priority = sched_get_priority_min(SCHED_RR) + 3;
  pthread_setschedparam(pthread_self(), SCHED_RR, &parameters);
}

}  // namespace offhook::audio
