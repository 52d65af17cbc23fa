#include "base/race.hpp"

#include <stdexcept>
#include <variant>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using offhook::Errc;
using offhook::Result;

namespace {

asio::awaitable<Result<int>> answer_after(std::chrono::milliseconds delay, int answer = 42) {
  asio::steady_timer timer{co_await asio::this_coro::executor, delay};
  co_await timer.async_wait(asio::use_awaitable);
  co_return answer;
}

asio::awaitable<Result<int>> throw_after(std::chrono::milliseconds delay) {
  const auto answer = co_await answer_after(delay);
  throw std::runtime_error{"boom " + std::to_string(*answer)};
}

/// Runs `work` to its end on a fresh context and rethrows what it threw.
Result<int> run(asio::awaitable<Result<int>> work) {
  asio::io_context context;
  std::optional<Result<int>> result;
  asio::co_spawn(context, std::move(work),
                 [&](const std::exception_ptr& failure, Result<int> value) {
                   if (failure) {
                     std::rethrow_exception(failure);
                   }
                   result = std::move(value);
                 });
  context.run();
  return result.value();
}

}  // namespace

TEST_SUITE("with_timeout") {
  TEST_CASE("hands on the value of an operation that finishes in time") {
    CHECK(run(offhook::with_timeout(answer_after(1ms), 1h)).value() == 42);
  }

  TEST_CASE("cancels an operation that does not") {
    CHECK(run(offhook::with_timeout(answer_after(1h), 1ms)).error().code == Errc::timed_out);
  }

  TEST_CASE("lets an exception through at once, not when the limit passes") {
    CHECK_THROWS_WITH(run(offhook::with_timeout(throw_after(1ms), 1h)), "boom 42");
  }
}

TEST_SUITE("first_of") {
  TEST_CASE("returns the fastest and cancels the others") {
    CHECK(run(offhook::first_of(answer_after(1h, 1), answer_after(1ms, 2), answer_after(1h, 3)))
              .value() == 2);
  }

  TEST_CASE("ends with the exception of a branch that throws first") {
    CHECK_THROWS_WITH(run(offhook::first_of(answer_after(1h), throw_after(1ms))), "boom 42");
  }
}
