#pragma once

#include <chrono>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace offhook {

/// Waits on the executor of the coroutine. @throws when it is cancelled.
inline boost::asio::awaitable<void> pause(std::chrono::steady_clock::duration duration) {
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer{executor, duration};
  co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace offhook
