#pragma once

#include "media/jitter_buffer_kind.hpp"

namespace offhook::bench {

/// Prints each limit with mean and worst of the unseen seeds.
/// @return 0 when all are kept, 1 when not, 77 when this build has no such buffer.
[[nodiscard]] int check_gates(media::JitterBufferKind buffer);

}  // namespace offhook::bench
