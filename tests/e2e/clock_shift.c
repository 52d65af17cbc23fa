// To be preloaded: the wall clock is off by as many seconds as the file named by CLOCK_SHIFT_FILE
// holds (a 64-bit integer), and is set anew whenever that is written.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t* shift;

__attribute__((constructor)) static void begin(void) {
  const char* name = getenv("CLOCK_SHIFT_FILE");
  const int file = name ? open(name, O_RDONLY) : -1;
  if (file >= 0) {
    void* memory = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    shift = memory == MAP_FAILED ? NULL : memory;
    close(file);
  }
}

int clock_gettime(clockid_t which, struct timespec* now) {
  const long result = syscall(SYS_clock_gettime, which, now);
  if (result == 0 && shift && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) {
    now->tv_sec += *shift;
  }
  return (int)result;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  struct timespec exact;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (out) {
    *out = exact.tv_sec;
  }
  return exact.tv_sec;
}
