#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal_fixture.hpp"
#include "store/journal_reader.hpp"

namespace offhook::store {
namespace {

// AddressSanitizer keeps freed memory for a while.
#ifdef __SANITIZE_ADDRESS__
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

constexpr const char* child_file = "OFFHOOK_STORE_TEST_FILE";

/// One line of the child: what it was told is on the disk.
void tell(const std::string& line) {
  const std::string whole = line + "\n";
  if (::write(STDOUT_FILENO, whole.data(), whole.size()) < 0) {
    std::_Exit(1);
  }
}

boost::asio::awaitable<Result<>> write_for_ever(Journal& journal, std::string id) {
  const auto opened = co_await journal.open_call(call_named(id));
  if (!opened) {
    co_return fail(opened.error());
  }
  tell("opened " + id);
  for (int i = 0;; ++i) {
    const std::string tool = id + "/" + std::to_string(i);
    const auto claim = co_await journal.claim_tool(tool_named(id, tool));
    if (!claim) {
      co_return fail(claim.error());
    }
    tell("1 " + tool);
    journal.append_event(id, {.type = "e", .json = std::string(300, 'x')});
    const auto finished = co_await journal.finish_tool(id, tool, "output of " + tool);
    if (!finished) {
      co_return fail(finished.error());
    }
    tell("2 " + tool);
    const auto sent = co_await journal.tool_sent(id, tool);
    if (!sent) {
      co_return fail(sent.error());
    }
    tell("3 " + tool);
  }
}

/// This program again, as a process that writes until it is killed.
class WritingChild {
 public:
  explicit WritingChild(const std::string& file) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::setenv(child_file, file.c_str(), 1);
      ::execl("/proc/self/exe", "store_tests", "--no-skip", "--test-case=writing child", nullptr);
      std::_Exit(127);
    }
    ::close(ends[1]);
    out_ = ::fdopen(ends[0], "r");
  }
  WritingChild(const WritingChild&) = delete;
  WritingChild& operator=(const WritingChild&) = delete;
  ~WritingChild() {
    kill();
    std::fclose(out_);
  }

  /// @return "" at the end of what it wrote.
  std::string line() {
    std::array<char, 512> text{};
    if (std::fgets(text.data(), text.size(), out_) == nullptr) {
      return "";
    }
    std::string line{text.data()};
    // A line that was cut by the kill was not told.
    return line.back() == '\n' ? line.substr(0, line.size() - 1) : "";
  }
  void kill() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      pid_ = 0;
    }
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  std::FILE* out_ = nullptr;
};

/// State of every function call in the file.
std::map<std::string, ToolState> tools_in(const std::string& file) {
  std::map<std::string, ToolState> states;
  auto reader = JournalReader::open(file);
  REQUIRE_MESSAGE(reader, reader.error().detail);
  const auto calls = reader->calls({});
  REQUIRE(calls);
  for (const Call& call : *calls) {
    CHECK(call.live);
    const auto story = reader->call(call.info.call_id);
    for (const Tool& tool : story->tools) {
      states[tool.function_call_id] = tool.state;
      CHECK(tool.output ==
            (tool.state == ToolState::claimed ? "" : "output of " + tool.function_call_id));
    }
  }
  return states;
}

TEST_SUITE("journal and kill -9") {
  TEST_CASE("writing child" * doctest::skip()) {
    const char* file = std::getenv(child_file);
    REQUIRE(file != nullptr);
    const auto journal = open_journal(file);
    std::vector<boost::asio::awaitable<Result<>>> writers;
    for (int i = 0; i < 16; ++i) {
      writers.push_back(write_for_ever(*journal, "call" + std::to_string(i)));
    }
    run_all(std::move(writers));
  }

  TEST_CASE("what was told is there, in every one of several crashes") {
    for (const int lines : {1, 20, 150, 600}) {
      CAPTURE(lines);
      const TemporaryFolder folder;
      std::map<std::string, ToolState> told;
      std::size_t opened = 0;
      {
        WritingChild child{folder.file()};
        int count = 0;
        for (std::string line = child.line(); !line.empty(); line = child.line()) {
          if (line[0] >= '1' && line[0] <= '3') {
            told[line.substr(2)] = static_cast<ToolState>(line[0] - '0');
          }
          opened += line.starts_with("opened ") ? 1U : 0U;
          count += line.starts_with("[doctest]") ? 0 : 1;
          if (count == lines) {
            child.kill();  // and read on: it may have told more
          }
        }
        REQUIRE(count >= lines);
      }
      const auto kept = tools_in(folder.file());  // as `offhook calls` after a crash
      for (const auto& [tool, state] : told) {
        const auto found = kept.find(tool);
        REQUIRE_MESSAGE(found != kept.end(), tool);
        CHECK(found->second >= state);
      }
      const auto journal = open_journal(folder.file());
      CHECK(run(journal->live_calls())->size() >= opened);
      CHECK(run(journal->open_call(call_named("after")))->fresh);
    }
  }

  TEST_CASE("a second process is refused while the first lives, and let in when it was killed") {
    const TemporaryFolder folder;
    WritingChild child{folder.file()};
    while (!child.line().starts_with("opened ")) {
    }
    const auto refused = Journal::open(folder.file());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().detail.find("in use by process " + std::to_string(child.pid())) !=
          std::string::npos);
    child.kill();
    CHECK(Journal::open(folder.file()));
  }
}

long resident_pages() {
  std::ifstream statm{"/proc/self/statm"};
  long size = 0;
  long resident = 0;
  statm >> size >> resident;
  return resident;
}

TEST_SUITE("journal of many calls") {
  TEST_CASE("memory does not grow with the number of calls" * doctest::skip(sanitized)) {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    long after_warming_up = 0;
    for (int batch = 0; batch < 40; ++batch) {
      std::vector<boost::asio::awaitable<Result<OpenedCall>>> openings;
      std::vector<boost::asio::awaitable<Result<>>> endings;
      for (int i = 0; i < 250; ++i) {
        const std::string id = std::to_string(batch) + "/" + std::to_string(i);
        openings.push_back(journal->open_call(call_named(id)));
        endings.push_back(journal->end_call({.call_id = id, .outcome = "caller_gone"}));
      }
      for (const auto& opened : run_all(std::move(openings))) {
        REQUIRE(opened->fresh);
      }
      for (int i = 0; i < 250; ++i) {
        const std::string id = std::to_string(batch) + "/" + std::to_string(i);
        journal->append_event(id, {.type = "e", .json = std::string(500, 'x')});
        journal->append_transcript(id, {.who = "caller", .text = "hello"});
      }
      for (const auto& ended : run_all(std::move(endings))) {
        REQUIRE(ended);
      }
      after_warming_up = batch == 19 ? resident_pages() : after_warming_up;
    }
    CHECK(run(journal->usage_since(0, std::nullopt))->calls == 10'000);
    CHECK(journal->health().dropped == 0);
    CHECK(journal->health().queued == 0);
    CHECK(journal->health().commits < journal->health().writes / 10);
    const long page_kb = ::sysconf(_SC_PAGESIZE) / 1024;
    CHECK((resident_pages() - after_warming_up) * page_kb < 4'096);
  }
}

}  // namespace
}  // namespace offhook::store
