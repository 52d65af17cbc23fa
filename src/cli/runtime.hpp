#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "base/error.hpp"
#include "call/user_commands.hpp"
#include "media/engine.hpp"
#include "sip/loop.hpp"

namespace offhook::cli {

/// Of a process that is told twice to end.
inline constexpr int second_signal_exit_code = 130;

/// The threads of one command: control is the thread that calls `run`, SIP and media have their
/// own. Declared in the order of their lives: media and SIP end before the control loop's objects.
class Runtime {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Runtime>> start();

  boost::asio::io_context& context() { return context_; }
  [[nodiscard]] boost::asio::any_io_executor control() { return context_.get_executor(); }
  sip::Loop& sip_loop() { return *sip_loop_; }
  media::Engine& engine() { return *engine_; }

  /// Runs `command` to its end on this thread and returns its exit code. An exception becomes 1.
  int run(boost::asio::awaitable<int> command);

  /// Ctrl-C and SIGTERM: the first shows `notice` and asks for a hang-up, the second runs
  /// `before_leaving` and ends the process at once with 130.
  void hang_up_on_signals(call::UserCommands& user, const char* notice);

  /// What must be put right even when the process is left at once: the terminal's mode.
  void set_before_leaving(std::function<void()> action) { before_leaving_ = std::move(action); }

 private:
  Runtime() = default;
  void wait_for_signal(const std::shared_ptr<boost::asio::signal_set>& signals,
                       call::UserCommands& user,
                       const char* notice,
                       bool first);

  std::function<void()> before_leaving_;
  boost::asio::io_context context_{1};
  std::unique_ptr<sip::Loop> sip_loop_;
  std::unique_ptr<media::Engine> engine_;
};

}  // namespace offhook::cli
