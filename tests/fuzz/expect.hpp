#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends the process when a fuzz target finds `condition` violated, in every build type.
#define FUZZ_EXPECT(condition)                                                       \
  do {                                                                               \
    if (!(condition)) {                                                              \
      std::fprintf(stderr, "%s:%d: violated: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                  \
    }                                                                                \
  } while (false)
