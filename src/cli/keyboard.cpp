#include "cli/keyboard.hpp"

#include <array>
#include <cctype>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <termios.h>
#include <unistd.h>

namespace offhook::cli {

namespace asio = boost::asio;
using Order = call::UserCommands::Command;

struct Keyboard::Terminal : std::enable_shared_from_this<Terminal> {
  Terminal(const asio::any_io_executor& control, call::UserCommands& commands)
      : user{commands}, input{control, dup(STDIN_FILENO)} {
    tcgetattr(STDIN_FILENO, &before);
    termios single_key = before;
    single_key.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &single_key);
  }

  void read() {
    input.async_read_some(
        asio::buffer(keys),
        [self = shared_from_this()](boost::system::error_code failure, std::size_t count) {
          if (failure) {
            return;
          }
          for (const char key : std::string_view{self->keys.data(), count}) {
            self->press(key);
          }
          self->read();
        });
  }

  void press(char key) {
    const char upper = static_cast<char>(std::toupper(static_cast<unsigned char>(key)));
    if (upper == 'Q') {
      user.give({Order::Kind::hang_up, 0});
    } else if (upper == 'M') {
      user.give({Order::Kind::toggle_mute, 0});
    } else if (std::string_view{"0123456789*#ABCD"}.find(upper) != std::string_view::npos) {
      user.give({Order::Kind::digit, upper});
    }
  }

  call::UserCommands& user;
  asio::posix::stream_descriptor input;
  std::array<char, 16> keys{};
  termios before{};
};

std::unique_ptr<Keyboard> Keyboard::open(const asio::any_io_executor& control,
                                         call::UserCommands& user) {
  // A background job that changes the terminal's mode is stopped by the kernel (SIGTTOU). A
  // terminal that is not our controlling one (-1) knows no jobs.
  const pid_t foreground = tcgetpgrp(STDIN_FILENO);
  if (isatty(STDIN_FILENO) == 0 || (foreground != -1 && foreground != getpgrp())) {
    return nullptr;
  }
  return std::unique_ptr<Keyboard>{new Keyboard{control, user}};
}

Keyboard::Keyboard(const asio::any_io_executor& control, call::UserCommands& user)
    : terminal_{std::make_shared<Terminal>(control, user)} {
  terminal_->read();
}

Keyboard::~Keyboard() {
  restore();
  terminal_->input.cancel();
}

void Keyboard::restore() const noexcept { tcsetattr(STDIN_FILENO, TCSANOW, &terminal_->before); }

}  // namespace offhook::cli
