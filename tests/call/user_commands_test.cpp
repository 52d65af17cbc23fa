#include "call/user_commands.hpp"

#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

namespace asio = boost::asio;
using offhook::call::UserCommands;
using Kind = UserCommands::Command::Kind;

TEST_SUITE("UserCommands") {
  TEST_CASE("come out in the order they were given, whether awaited before or after") {
    asio::io_context context;
    UserCommands user{context.get_executor()};
    std::string digits;
    user.give({Kind::digit, '1'});
    const auto read = [&]() -> asio::awaitable<void> {
      for (;;) {
        const auto command = co_await user.next();
        if (command.kind == Kind::hang_up) {
          co_return;
        }
        digits += command.digit;
      }
    };
    asio::co_spawn(context, read, asio::detached);
    asio::post(context, [&] {
      user.give({Kind::digit, '2'});
      user.give({Kind::digit, '#'});
      user.give({Kind::hang_up, 0});
    });
    context.run();
    CHECK(digits == "12#");
  }
}
