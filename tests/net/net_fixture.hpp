#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "net/http_server.hpp"

namespace offhook::test {

/// Far beyond what any case needs: only a case that hangs meets it.
constexpr std::chrono::seconds generous{60};

/// Runs `work` on `context` until it has ended; the context stays usable.
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
  const auto deadline = std::chrono::steady_clock::now() + generous;
  context.restart();
  while (!ended && context.run_one_until(deadline) > 0) {
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
  if (!ended) {
    throw std::runtime_error{"the case hangs"};
  }
  return std::move(*value);
}

/// Runs `context` until `done` says so.
template <class Condition>
void run_until(boost::asio::io_context& context, Condition done) {
  const auto deadline = std::chrono::steady_clock::now() + generous;
  context.restart();
  while (!done()) {
    if (context.run_one_until(deadline) == 0) {
      throw std::runtime_error{"the case hangs"};
    }
  }
}

/// A client that writes bytes as they are and returns everything until the server closes.
inline boost::asio::awaitable<std::string> raw_exchange(std::uint16_t port, std::string bytes) {
  namespace asio = boost::asio;
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::socket socket{executor};
  const asio::ip::tcp::endpoint to{asio::ip::address_v4::loopback(), port};
  co_await socket.async_connect(to, asio::use_awaitable);
  const auto buffer = asio::buffer(bytes);
  co_await asio::async_write(socket, buffer, asio::as_tuple(asio::use_awaitable));
  std::string answer;
  std::array<char, 4096> chunk{};
  while (true) {
    const auto [failure, count] =
        co_await socket.async_read_some(asio::buffer(chunk), asio::as_tuple(asio::use_awaitable));
    if (failure) {
      co_return answer;
    }
    answer.append(chunk.data(), count);
  }
}

}  // namespace offhook::test
