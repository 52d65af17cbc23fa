#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "agent/tool.hpp"

namespace offhook::agent::testing {

/// Runs `context` until `done` says so.
template <class Condition>
void run_until(boost::asio::io_context& context, Condition done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  context.restart();
  while (!done()) {
    if (context.run_one_until(deadline) == 0) {
      throw std::runtime_error{"the case hangs"};
    }
  }
}

/// Runs `work` to its end.
template <class T>
T run_on(boost::asio::io_context& context, boost::asio::awaitable<T> work) {
  std::optional<T> value;
  std::exception_ptr failure;
  bool ended = false;
  boost::asio::co_spawn(context, std::move(work), [&](const std::exception_ptr& thrown, T result) {
    failure = thrown;
    value = std::move(result);
    ended = true;
  });
  run_until(context, [&] { return ended; });
  if (failure) {
    std::rethrow_exception(failure);
  }
  return std::move(*value);
}

inline ToolCall sample_call() {
  return {"rtc_1", "call_a", "lookup", {{"order", 17}}, "rtc_1:call_a"};
}

}  // namespace offhook::agent::testing
