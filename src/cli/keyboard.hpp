#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "call/user_commands.hpp"

namespace offhook::cli {

/// Turns key presses into commands: 0-9 * # A-D are sent as DTMF, m mutes, q hangs up.
///
/// Reads only when standard input is a terminal, which is put into single-key mode and restored on
/// destruction. Control thread.
class Keyboard {
 public:
  /// @return null when standard input is no terminal, or one that belongs to another job.
  [[nodiscard]] static std::unique_ptr<Keyboard> open(const boost::asio::any_io_executor& control,
                                                      call::UserCommands& user);
  ~Keyboard();

  /// Gives the terminal its former mode back; what the destructor does, for a sudden end.
  void restore() const noexcept;
  Keyboard(const Keyboard&) = delete;
  Keyboard& operator=(const Keyboard&) = delete;

 private:
  struct Terminal;
  Keyboard(const boost::asio::any_io_executor& control, call::UserCommands& user);
  std::shared_ptr<Terminal> terminal_;
};

}  // namespace offhook::cli
