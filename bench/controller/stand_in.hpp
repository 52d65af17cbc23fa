#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "net/certificates.hpp"

namespace offhook::bench {

inline constexpr std::size_t max_calls = 4'096;

/// What the two processes share. Times are of the monotonic clock, in ns; 0: not yet.
struct Shared {
  std::atomic<std::uint16_t> port{0};
  std::atomic<std::uint32_t> attached{0};
  std::array<std::atomic<std::int64_t>, max_calls> accepted_at{};  ///< By number of the call.
};

[[nodiscard]] std::int64_t now_ns();

/// The API in a process of its own, so that its memory and time are not ours: accepts every call,
/// notes when, and keeps a sideband open for each. Never returns.
[[noreturn]] void run_stand_in(Shared& shared, const net::CertificateFiles& certificates);

}  // namespace offhook::bench
