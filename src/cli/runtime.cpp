#include "cli/runtime.hpp"

#include <csignal>
#include <cstdio>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <unistd.h>

namespace offhook::cli {
namespace asio = boost::asio;

Result<std::unique_ptr<Runtime>> Runtime::start() {
  std::signal(SIGPIPE, SIG_IGN);  // a peer that goes away is an error of that socket, not of us
  std::unique_ptr<Runtime> runtime{new Runtime};
  auto sip_loop = sip::Loop::start();
  if (!sip_loop) {
    return fail(std::move(sip_loop).error());
  }
  runtime->sip_loop_ = std::move(*sip_loop);
  auto engine = media::Engine::start();
  if (!engine) {
    return fail(std::move(engine).error());
  }
  runtime->engine_ = std::move(*engine);
  return runtime;
}

int Runtime::run(asio::awaitable<int> command) {
  std::optional<int> exit_code;
  std::exception_ptr failure;
  asio::co_spawn(context_, std::move(command), [&](std::exception_ptr thrown, int code) {
    failure = std::move(thrown);
    exit_code = code;
    context_.stop();  // signals and keyboard would keep it waiting
  });
  context_.run();
  if (failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "offhook: internal error: %s\n", error.what());
    }
    return 1;
  }
  return exit_code.value_or(1);
}

void Runtime::hang_up_on_signals(call::UserCommands& user, const char* notice) {
  const auto signals = std::make_shared<asio::signal_set>(context_, SIGINT, SIGTERM);
  wait_for_signal(signals, user, notice, true);
}

// Waits for as long as the process lives, and does not keep the loop running.
void Runtime::wait_for_signal(const std::shared_ptr<asio::signal_set>& signals,
                              call::UserCommands& user,
                              const char* notice,
                              bool first) {
  signals->async_wait(
      [this, signals, &user, notice, first](boost::system::error_code failure, int) {
        if (failure) {
          return;
        }
        if (!first) {
          if (before_leaving_) {
            before_leaving_();
          }
          _exit(second_signal_exit_code);
        }
        std::fputs(notice, stderr);
        user.give({call::UserCommands::Command::Kind::hang_up, 0});
        wait_for_signal(signals, user, notice, false);
      });
}

}  // namespace offhook::cli
