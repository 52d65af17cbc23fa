#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <utility>
#include <variant>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/error.hpp"

namespace offhook {

/// How a coroutine ended: exactly one of the two is set.
template <class T>
struct Settled {
  std::optional<T> value{};
  std::exception_ptr failure{};
};

/// Turns a thrown exception into a value.
///
/// Asio's `||` waits for the first *success*: a branch that throws is held back until another one
/// succeeds. Settled branches always succeed, so a failure ends the race at once.
template <class T>
boost::asio::awaitable<Settled<T>> settle(boost::asio::awaitable<T> work) {
  Settled<T> settled;
  try {
    settled.value = co_await std::move(work);
  } catch (...) {
    settled.failure = std::current_exception();
  }
  co_return settled;
}

template <class T>
T unwrap(Settled<T> settled) {
  if (settled.failure) {
    std::rethrow_exception(settled.failure);
  }
  return std::move(settled.value).value();
}

/// Runs all branches, returns what the first to finish returned, and cancels the others.
///
/// @return only after every branch has ended, so branches may refer to locals of the caller.
/// @throws what the first branch to finish threw.
template <class T, class... Ts>
boost::asio::awaitable<T> first_of(boost::asio::awaitable<T> branch,
                                   boost::asio::awaitable<Ts>... branches) {
  using namespace boost::asio::experimental::awaitable_operators;
  auto first = co_await (settle(std::move(branch)) || ... || settle(std::move(branches)));
  co_return std::visit([](auto settled) { return unwrap(std::move(settled)); }, std::move(first));
}

/// Awaits `operation`, or cancels it once `limit` has passed.
///
/// @param operation  Must support terminal cancellation, as every Asio operation does.
/// @param limit      From now on; zero or less fails at once.
/// @return what `operation` returned, or `Errc::timed_out`.
/// @throws what `operation` threw before the limit.
template <class T>
boost::asio::awaitable<Result<T>> with_timeout(boost::asio::awaitable<Result<T>> operation,
                                               std::chrono::steady_clock::duration limit) {
  using namespace boost::asio::experimental::awaitable_operators;
  boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor, limit};
  auto first =
      co_await (settle(std::move(operation)) || timer.async_wait(boost::asio::use_awaitable));
  if (first.index() == 1) {
    co_return fail(Errc::timed_out);
  }
  co_return unwrap(std::get<0>(std::move(first)));
}

}  // namespace offhook
