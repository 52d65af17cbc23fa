#include "agent/tools/command_tool.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "agent/tools/child_process.hpp"
#include "agent/tools/result_text.hpp"
#include "base/printable.hpp"
#include "base/race.hpp"

namespace offhook::agent {

namespace asio = boost::asio;
namespace json = boost::json;
using asio::posix::stream_descriptor;

namespace {

constexpr std::size_t max_logged_bytes = 2'000;

/// What one pipe brought, up to a limit.
struct Collected {
  std::string text;
  std::size_t limit = 0;
  bool exceeded = false;

  void add(std::string_view more) {
    const std::size_t room = limit - text.size();
    exceeded = exceeded || more.size() > room;
    text += more.substr(0, room);
  }
};

enum class Stop : std::uint8_t { ended, time_over, too_much };

/// One run of a program: its process, and what came out of it so far.
struct Run {
  Run(const asio::any_io_executor& executor, ChildProcess started, std::size_t max_output)
      : process{std::move(started)},
        output{executor, process.take_output().release()},
        errors{executor, process.take_errors().release()},
        end{executor, process.take_end().release()},
        timer{executor} {
    written.limit = max_output;
    complaints.limit = max_logged_bytes;
    output.non_blocking(true);
    errors.non_blocking(true);
  }

  ChildProcess process;
  stream_descriptor output;
  stream_descriptor errors;
  stream_descriptor end;
  asio::steady_timer timer;
  Collected written;
  Collected complaints;
};

asio::awaitable<Stop> until_end(Run* run) {
  co_await run->end.async_wait(stream_descriptor::wait_read, asio::use_awaitable);
  co_return Stop::ended;
}

asio::awaitable<Stop> until_time(Run* run, std::chrono::milliseconds limit) {
  run->timer.expires_after(limit);
  co_await run->timer.async_wait(asio::use_awaitable);
  co_return Stop::time_over;
}

/// Reads to the end of the pipe and then waits for cancellation: a child may close its output long
/// before it ends.
asio::awaitable<Stop> collect(stream_descriptor* pipe, Collected* into, bool may_exceed) {
  std::array<char, 4096> bytes{};
  for (;;) {
    const auto [failure, size] =
        co_await pipe->async_read_some(asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
    into->add({bytes.data(), size});
    if (into->exceeded && !may_exceed) {
      co_return Stop::too_much;
    }
    if (failure) {
      break;
    }
  }
  asio::steady_timer never{co_await asio::this_coro::executor,
                           asio::steady_timer::time_point::max()};
  co_await never.async_wait(asio::use_awaitable);
  co_return Stop::ended;
}

asio::awaitable<Stop> follow(Run* run, std::chrono::milliseconds limit, bool may_exceed) {
  auto stop = co_await first_of(until_end(run), until_time(run, limit),
                                collect(&run->output, &run->written, may_exceed),
                                collect(&run->errors, &run->complaints, true));
  co_return stop;
}

/// What is still in a pipe after the end of the child, without waiting for those who inherited it.
void collect_rest(stream_descriptor& pipe, Collected& into) {
  std::array<char, 4096> bytes{};
  boost::system::error_code failure;
  while (!failure && !into.exceeded) {
    const std::size_t size = pipe.read_some(asio::buffer(bytes), failure);
    into.add({bytes.data(), size});
  }
}

/// SIGTERM, and SIGKILL to whoever is still there after `grace`. Returns once the child has ended.
asio::awaitable<void> terminate(Run* run, std::chrono::milliseconds grace) {
  run->process.send(SIGTERM);
  run->process.send(SIGCONT);
  const Stop stop = co_await follow(run, grace, true);
  if (stop != Stop::ended) {
    run->process.send(SIGKILL);
    co_await until_end(run);
  }
}

std::vector<std::string> environment_of(const CommandToolConfig& config) {
  constexpr std::array<const char*, 8> kept{"PATH", "HOME",   "LANG", "LC_ALL",
                                            "TZ",   "TMPDIR", "USER", "LOGNAME"};
  std::vector<std::string> environment;
  const auto is_configured = [&](std::string_view name) {
    for (const auto& [configured, value] : config.environment) {
      if (configured == name) {
        return true;
      }
    }
    return false;
  };
  for (const char* const name : kept) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets
    if (value != nullptr && !is_configured(name)) {
      environment.push_back(fmt::format("{}={}", name, value));
    }
  }
  for (const auto& [name, value] : config.environment) {
    environment.push_back(fmt::format("{}={}", name, value.reveal()));
  }
  return environment;
}

std::string input_of(const ToolCall& call) {
  return json::serialize(json::object{{"call_id", call.call_id},
                                      {"function_call_id", call.function_call_id},
                                      {"name", call.name},
                                      {"arguments", call.arguments},
                                      {"idempotency_key", call.idempotency_key}}) +
         "\n";
}

Result<std::string> result_of(Run& run, Stop stop) {
  const ExitStatus status = run.process.reap();
  if (stop == Stop::time_over) {
    return fail(Errc::timed_out, "the tool did not finish in time");
  }
  if (stop == Stop::too_much || run.written.exceeded) {
    return fail(Errc::overloaded, "the tool's answer is too long");
  }
  if (status.signal == 0 && status.code == 0) {
    return result_text(std::move(run.written.text));
  }
  std::string detail = status.signal != 0
                           ? fmt::format("the tool crashed (signal {})", status.signal)
                           : fmt::format("the tool failed (status {})", status.code);
  if (!run.written.text.empty()) {
    detail += ": " + printable(result_text(run.written.text), 500);
  }
  return fail(Errc::refused, std::move(detail), status.code);
}

Error start_failure(const Error& error, const std::string& program) {
  const std::string_view what = error.code == make_error_code(Errc::overloaded)
                                    ? "the tool cannot be started now"
                                    : "the tool's program cannot be run";
  return {error.code, fmt::format("{} ({}: {})", what, printable(program, 100), error.detail)};
}

}  // namespace

CommandTool::CommandTool(ToolConfig config, CommandLog log, std::chrono::milliseconds grace)
    : config_{std::move(config)}, log_{std::move(log)}, grace_{grace} {}

asio::awaitable<Result<std::string>> CommandTool::run(ToolCall call) {
  const ChildOptions options{config_.command.command, environment_of(config_.command),
                             input_of(call)};
  if (options.command.empty()) {
    co_return fail(Errc::invalid_argument, "the tool has no program");
  }
  auto started = ChildProcess::start(options);
  if (!started) {
    co_return fail(start_failure(started.error(), options.command[0]));
  }
  const auto executor = co_await asio::this_coro::executor;
  Run run{executor, std::move(*started), config_.command.max_output_bytes};
  auto followed = co_await settle(follow(&run, config_.timeout, false));
  if (followed.failure) {  // cancelled
    const auto no_cancellation = asio::disable_cancellation();
    co_await asio::this_coro::reset_cancellation_state(no_cancellation);
    co_await terminate(&run, grace_);
    tell_log(run.complaints.text);
    std::rethrow_exception(followed.failure);
  }
  const Stop stop = *followed.value;
  if (stop == Stop::time_over) {
    co_await terminate(&run, grace_);
  } else if (stop == Stop::too_much) {
    run.process.send(SIGKILL);
    co_await until_end(&run);
  }
  collect_rest(run.errors, run.complaints);
  if (stop == Stop::ended) {
    collect_rest(run.output, run.written);
  }
  auto result = result_of(run, stop);
  tell_log(run.complaints.text);
  co_return result;
}

void CommandTool::tell_log(std::string_view complaints) const {
  if (log_ && !complaints.empty()) {
    log_(config_.name, printable(complaints, max_logged_bytes));
  }
}

}  // namespace offhook::agent
