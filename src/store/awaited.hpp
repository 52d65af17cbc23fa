#pragma once

#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/error.hpp"

namespace offhook::store {

/// A result that another thread works out while a coroutine waits for it.
///
/// It belongs to the coroutine, with which its executor may go away; the other thread has a
/// `Giver`. The coroutine and the giver's handler run on one executor that runs one thing at a
/// time.
template <class T>
class Awaited : public std::enable_shared_from_this<Awaited<T>> {
 public:
  /// The other thread's end. May be destroyed when the executor is gone, but not used any more.
  class Giver {
   public:
    Giver(boost::asio::any_io_executor executor, std::weak_ptr<Awaited> waiting)
        : executor_{std::move(executor)}, waiting_{std::move(waiting)} {}

    /// Any thread, once.
    void give(Result<T> result) const {
      boost::asio::post(executor_, [waiting = waiting_, given = std::move(result)]() mutable {
        if (const auto awaited = waiting.lock()) {
          awaited->result_ = std::move(given);
          awaited->timer_.cancel();
        }
      });
    }

   private:
    boost::asio::any_io_executor executor_;
    std::weak_ptr<Awaited> waiting_;
  };

  explicit Awaited(boost::asio::any_io_executor executor)
      : executor_{std::move(executor)},
        timer_{executor_, boost::asio::steady_timer::time_point::max()} {}

  [[nodiscard]] Giver giver() { return {executor_, this->weak_from_this()}; }

  /// A member of an object that `awaited` keeps alive. @return `operation_canceled` when the
  /// coroutine was cancelled: what was asked for may still happen.
  [[nodiscard]] static boost::asio::awaitable<Result<T>> take(std::shared_ptr<Awaited> awaited) {
    boost::system::error_code ignored;
    while (!awaited->result_) {
      co_await awaited->timer_.async_wait(
          boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
      const auto state = co_await boost::asio::this_coro::cancellation_state;
      if (state.cancelled() != boost::asio::cancellation_type::none) {
        break;
      }
    }
    if (!awaited->result_) {
      co_return fail(std::make_error_code(std::errc::operation_canceled),
                     "the journal was not waited for");
    }
    Result<T> result = std::move(*awaited->result_);
    co_return result;
  }

 private:
  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;
  std::optional<Result<T>> result_{};
};

}  // namespace offhook::store
