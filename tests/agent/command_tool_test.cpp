#include "agent/tools/command_tool.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/race.hpp"
#include "tool_fixture.hpp"

using namespace offhook;
using namespace offhook::agent;
using namespace offhook::agent::testing;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

ToolConfig command(std::vector<std::string> words) {
  ToolConfig config;
  config.kind = ToolConfig::Kind::command;
  config.name = "lookup";
  config.timeout = 60s;
  config.command.command = std::move(words);
  return config;
}

ToolConfig script(std::string text) { return command({"/bin/sh", "-c", std::move(text)}); }

Result<std::string> run(ToolConfig config,
                        CommandLog log = {},
                        std::chrono::milliseconds grace = 60s) {
  asio::io_context context;
  CommandTool tool{std::move(config), std::move(log), grace};
  return run_on(context, tool.run(sample_call()));
}

/// Whether a process still does anything; one that nobody has reaped yet does not.
bool is_running(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  const std::string stat{std::istreambuf_iterator<char>{file}, {}};
  const auto name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.at(name_end + 2) != 'Z';
}

void wait_for_end(pid_t pid) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (is_running(pid)) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(1ms);
  }
}

/// Neither running nor ended children are left.
bool has_children() { return !(::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD); }

std::ptrdiff_t open_files() {
  const std::filesystem::directory_iterator files{"/proc/self/fd"};
  return std::distance(begin(files), end(files));
}

/// A file of its own that goes with the test.
struct TemporaryFile {
  std::string path =
      (std::filesystem::temp_directory_path() / ("command_tool." + std::to_string(::getpid())))
          .string();
  TemporaryFile() { std::filesystem::remove(path); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path); }

  [[nodiscard]] std::string content() const {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
};

}  // namespace

TEST_SUITE("command tool") {
  TEST_CASE("the call comes as JSON on standard input, and standard output is the result") {
    const auto result = run(command({"cat"}));
    REQUIRE(result);
    const auto input = boost::json::parse(*result);
    CHECK(input.at("call_id") == "rtc_1");
    CHECK(input.at("function_call_id") == "call_a");
    CHECK(input.at("name") == "lookup");
    CHECK(input.at("arguments").at("order") == 17);
    CHECK(input.at("idempotency_key") == "rtc_1:call_a");
    CHECK_FALSE(has_children());
  }

  TEST_CASE("arguments of the command are not looked at by a shell") {
    const auto result = run(command({"printf", "%s", "$HOME; `id` *"}));
    REQUIRE(result);
    CHECK(*result == "$HOME; `id` *");
  }

  TEST_CASE("a long input arrives whole, also when it is longer than a pipe holds") {
    asio::io_context context;
    CommandTool tool{script("wc -c")};
    ToolCall call = sample_call();
    call.arguments["text"] = std::string(1'000'000, 'x');
    const auto result = run_on(context, tool.run(std::move(call)));
    REQUIRE(result);
    CHECK(std::stoi(*result) > 1'000'000);
  }

  TEST_CASE("a status other than 0 is an error that quotes the output, the log gets the rest") {
    std::string logged;
    const auto result = run(script("echo no such order; echo traceback >&2; exit 3"),
                            [&](std::string_view tool, std::string_view text) {
                              logged = std::string{tool} + ": " + std::string{text};
                            });
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::refused);
    CHECK(result.error().status == 3);
    CHECK(result.error().detail == "the tool failed (status 3): no such order ");
    CHECK(logged == "lookup: traceback ");
  }

  TEST_CASE("a crash is an error") {
    const auto result = run(script("kill -SEGV $$"));
    REQUIRE_FALSE(result);
    CHECK(result.error().detail == "the tool crashed (signal 11)");
    CHECK_FALSE(has_children());
  }

  TEST_CASE("a tool that hangs is told to end") {
    ToolConfig config = script("echo begun; exec sleep 1000");
    config.timeout = 50ms;
    const auto result = run(std::move(config));
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::timed_out);
    CHECK_FALSE(has_children());
  }

  TEST_CASE("a tool that will not be told is killed, with everything that it has started") {
    const TemporaryFile pids;
    ToolConfig config = script("trap '' TERM; (trap '' TERM; exec sleep 1000) & echo $! >" +
                               pids.path + "; while :; do sleep 0.01; done");
    config.timeout = 500ms;
    const auto result = run(std::move(config), {}, 50ms);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::timed_out);
    CHECK_FALSE(has_children());
    if (!pids.content().empty()) {
      wait_for_end(std::stoi(pids.content()));
    }
  }

  TEST_CASE("a tool that floods its output is killed") {
    const auto result = run(command({"yes"}));
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::overloaded);
    CHECK_FALSE(has_children());
  }

  TEST_CASE("output of exactly the limit is a result, a byte more is not") {
    ToolConfig config = script("head -c 100 /dev/zero | tr '\\0' x");
    config.command.max_output_bytes = 100;
    const auto fits = run(config);
    REQUIRE(fits);
    CHECK(*fits == std::string(100, 'x'));
    config.command.max_output_bytes = 99;
    CHECK_FALSE(run(config));
  }

  TEST_CASE("any amount of complaints is drained, the log gets its beginning") {
    std::size_t logged = 0;
    const auto result = run(script("head -c 3000000 /dev/zero | tr '\\0' e >&2; echo fine"),
                            [&](std::string_view, std::string_view text) { logged = text.size(); });
    REQUIRE(result);
    CHECK(*result == "fine\n");
    CHECK(logged >= 1'900);
    CHECK(logged <= 2'100);
  }

  TEST_CASE("a tool may close its files before it ends") {
    const auto result = run(script("echo early; exec <&- >&- 2>&-; sleep 0.05; exit 0"));
    REQUIRE(result);
    CHECK(*result == "early\n");
  }

  TEST_CASE("a tool that leaves a process behind is done when it ends, and the process is killed") {
    const auto result = run(script("sleep 1000 & echo $!"));
    REQUIRE(result);
    wait_for_end(std::stoi(*result));
  }

  TEST_CASE("of our environment only what is harmless reaches the tool") {
    REQUIRE(::setenv("OFFHOOK_TEST_SECRET", "sk-do-not-leak", 1) == 0);
    ToolConfig config = command({"env"});
    config.command.environment = {{"DB_PASSWORD", Secret{"configured"}}, {"LANG", Secret{"xx"}}};
    const auto result = run(std::move(config));
    REQUIRE(::unsetenv("OFFHOOK_TEST_SECRET") == 0);
    REQUIRE(result);
    CHECK(result->find("OFFHOOK_TEST_SECRET") == std::string::npos);
    CHECK(result->find("PATH=") != std::string::npos);
    CHECK(result->find("DB_PASSWORD=configured\n") != std::string::npos);
    CHECK(result->find("LANG=xx\n") != std::string::npos);
    CHECK(result->find("LANG=", result->find("LANG=xx") + 1) == std::string::npos);
  }

  TEST_CASE("the tool has no open files of ours, a group of its own and default signals") {
    const auto files = run(command({"ls", "/proc/self/fd"}));
    REQUIRE(files);
    CHECK(*files == "0\n1\n2\n3\n");  // 3 is the folder that ls reads
    const auto group = run(script("ps -o pid=,pgid= -p $$"));
    if (group) {
      CHECK(std::stoi(*group) == std::stoi(group->substr(group->find_last_of(' '))));
    }
    ::signal(SIGPIPE, SIG_IGN);
    const auto signals = run(command({"grep", "SigIgn", "/proc/self/status"}));
    ::signal(SIGPIPE, SIG_DFL);
    REQUIRE(signals);
    const auto ignored = std::stoull(signals->substr(signals->find('\t') + 1), nullptr, 16);
    CHECK((ignored & (1ULL << (SIGPIPE - 1))) == 0);
  }

  TEST_CASE("a program that cannot be run is an error") {
    const auto missing = run(command({"/no/such/program"}));
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == Errc::not_found);
    const auto folder = run(command({"/tmp"}));
    REQUIRE_FALSE(folder);
    CHECK(folder.error().code == Errc::invalid_argument);
  }

  TEST_CASE("output that is no UTF-8 becomes text") {
    const auto result = run(command({"printf", "a\\377b\\303\\251"}));
    REQUIRE(result);
    CHECK(*result ==
          "a\xef\xbf\xbd"
          "b\xc3\xa9");
  }

  TEST_CASE("a cancelled tool is ended before the cancellation is reported") {
    const TemporaryFile pid;
    asio::io_context context;
    CommandTool tool{script("echo $$ >" + pid.path + "; exec sleep 1000"), {}, 60s};
    bool ended = false;
    asio::cancellation_signal cancel;
    asio::co_spawn(context, tool.run(sample_call()),
                   asio::bind_cancellation_slot(
                       cancel.slot(), [&](const std::exception_ptr& failure, const auto&) {
                         CHECK(failure);
                         ended = true;
                       }));
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (pid.content().empty() && std::chrono::steady_clock::now() < deadline) {
      context.run_one_for(5ms);
    }
    cancel.emit(asio::cancellation_type::terminal);
    run_until(context, [&] { return ended; });
    CHECK_FALSE(has_children());
  }

  TEST_CASE("a tool dies with its event loop") {
    {
      asio::io_context context;
      CommandTool tool{command({"sleep", "1000"})};
      asio::co_spawn(context, tool.run(sample_call()), asio::detached);
      context.run_one_for(50ms);
      context.run_one_for(50ms);
    }
    CHECK_FALSE(has_children());
  }

  TEST_CASE("hundreds run at once, and neither processes nor files are left") {
    const auto files_before = open_files();
    {
      asio::io_context context;
      CommandTool tool{script("read line; sleep 0.1; echo \"$line\"")};
      int succeeded = 0;
      int ended = 0;
      constexpr int count = 200;
      for (int i = 0; i < count; ++i) {
        asio::co_spawn(context, tool.run(sample_call()),
                       [&](const std::exception_ptr& failure, const Result<std::string>& result) {
                         ++ended;
                         succeeded += !failure && result && result->find("rtc_1") == 12 ? 1 : 0;
                       });
      }
      run_until(context, [&] { return ended == count; });
      CHECK(succeeded == count);
    }
    CHECK_FALSE(has_children());
    CHECK(open_files() == files_before);
  }
}
