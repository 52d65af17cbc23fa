#pragma once

#include <vector>

namespace offhook::bench {

/// Times between the read that completes a webhook and the first byte of the next request by TLS,
/// of the thread that does both, in us. The linker puts the measuring around recv() and send() of
/// the whole program (--wrap), so nothing in the service knows of it. Read it when that thread
/// rests.
[[nodiscard]] const std::vector<double>& own_times_us();

}  // namespace offhook::bench
