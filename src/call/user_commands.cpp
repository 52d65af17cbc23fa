#include "call/user_commands.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace offhook::call {

namespace asio = boost::asio;

void UserCommands::give(Command command) {
  queue_.push_back(command);
  wake_.cancel();
}

asio::awaitable<UserCommands::Command> UserCommands::next() {
  if (queue_.empty()) {
    co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (queue_.empty()) {
    throw boost::system::system_error{asio::error::operation_aborted};
  }
  const Command command = queue_.front();
  queue_.pop_front();
  co_return command;
}

}  // namespace offhook::call
