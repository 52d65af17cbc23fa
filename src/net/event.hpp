#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace offhook::net {

/// Wakes the coroutines of one executor that wait for a change of state. It remembers nothing:
/// look at the state, wait, look again.
class Event {
 public:
  explicit Event(const boost::asio::any_io_executor& executor)
      : never_{executor, boost::asio::steady_timer::time_point::max()} {}

  void notify() { never_.cancel(); }

  /// @throws boost::system::system_error when the waiting coroutine is cancelled.
  boost::asio::awaitable<void> wait() {
    co_await never_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() != boost::asio::cancellation_type::none) {
      throw boost::system::system_error{boost::asio::error::operation_aborted};
    }
  }

 private:
  boost::asio::steady_timer never_;
};

}  // namespace offhook::net
