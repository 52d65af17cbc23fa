#include "base/thread_priority.hpp"

#if defined(__linux__)
#include <sys/resource.h>
#include <unistd.h>
#elif defined(__APPLE__)
#include <pthread/qos.h>
#endif

namespace offhook {

void work_in_background() noexcept {
#if defined(__linux__)
  // Niceness is of threads here, not of processes.
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 10));
#elif defined(__APPLE__)
  static_cast<void>(pthread_set_qos_class_self_np(QOS_CLASS_UTILITY, 0));
#endif
}

}  // namespace offhook
