#pragma once

#include <chrono>

#include <boost/asio/awaitable.hpp>

#include "base/pause.hpp"
#include "call/call_result.hpp"

namespace offhook::call {

/// For branches of a race that never win it.
inline constexpr std::chrono::seconds for_ever = std::chrono::hours{24 * 365};

/// How long a lost sideband is tried again: this program ends with the call.
inline constexpr std::chrono::milliseconds reattach_patience{8'000};

/// @param limit  0: there is none, and this never returns.
[[nodiscard]] inline boost::asio::awaitable<Ending> wait_for_time_limit(
    std::chrono::seconds limit) {
  const std::chrono::seconds length = limit.count() > 0 ? limit : for_ever;
  co_await pause(length);
  co_return Ending{CallResult::time_limit, {}};
}

}  // namespace offhook::call
