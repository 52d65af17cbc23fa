#pragma once

#include <cstdint>
#include <deque>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace offhook::call {

/// What the person at the keyboard, or a program, asks of a call. Control thread only.
class UserCommands {
 public:
  struct Command {
    enum class Kind : std::uint8_t { hang_up, digit, toggle_mute };
    Kind kind = Kind::hang_up;
    char digit = 0;
  };

  explicit UserCommands(const boost::asio::any_io_executor& executor)
      : wake_{executor, boost::asio::steady_timer::time_point::max()} {}

  void give(Command command);
  /// The next command. Waits until there is one; cancellable.
  [[nodiscard]] boost::asio::awaitable<Command> next();

 private:
  std::deque<Command> queue_;
  boost::asio::steady_timer wake_;
};

}  // namespace offhook::call
