// What the journal writes, against what the disk can do: syncs of a plain file in the same folder,
// measured in the same run.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "store/journal.hpp"

namespace {

namespace asio = boost::asio;
using namespace offhook;
using Clock = std::chrono::steady_clock;

constexpr std::size_t page = 4'096;

struct Options {
  std::string folder = std::filesystem::temp_directory_path().string();
  int syncs = 500;
  int claims = 5'000;  ///< Durable each.
  int events = 200'000;
};

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

/// Appends a page and syncs, as the simplest durable write would. @return syncs a second.
double plain_syncs(const std::string& path, int count) {
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  const std::vector<char> bytes(page, 'x');
  const auto begun = Clock::now();
  int done = 0;
  while (file >= 0 && done < count && write(file, bytes.data(), page) == ssize_t{page} &&
         fdatasync(file) == 0) {
    ++done;
  }
  const double rate = done / seconds_since(begun);
  close(file);
  return rate;
}

asio::awaitable<void> claim(store::Journal* journal, int caller, int count, int* failed) {
  for (int i = 0; i < count; ++i) {
    store::NewTool tool;
    tool.call_id = "rtc_1";
    tool.function_call_id = fmt::format("call_{}_{}", caller, i);
    tool.name = "find_order";
    tool.arguments = R"({"order": 17})";
    tool.policy = "report";
    const auto claimed = co_await journal->claim_tool(std::move(tool));
    *failed += claimed ? 0 : 1;
  }
}

asio::awaitable<void> flush(store::Journal* journal, int* failed) {
  const auto flushed = co_await journal->flush();
  *failed += flushed ? 0 : 1;
}

asio::awaitable<void> open_call(store::Journal* journal, int* failed) {
  store::NewCall call;
  call.call_id = "rtc_1";
  const auto opened = co_await journal->open_call(std::move(call));
  *failed += opened ? 0 : 1;
}

int measure(const Options& options, store::Journal& journal, double syncs_s) {
  int failed = 0;
  asio::io_context context{1};
  asio::co_spawn(context, open_call(&journal, &failed), asio::detached);
  context.run();
  fmt::print("plain write and fdatasync   {:.0f} a second: 1.0\n", syncs_s);
  int first = 0;
  for (const int callers : {1, 16, 200}) {
    const int each = options.claims / callers;
    const auto commits = journal.health().commits;
    const auto begun = Clock::now();
    for (int i = 0; i < callers; ++i) {
      asio::co_spawn(context, claim(&journal, first++, each, &failed), asio::detached);
    }
    context.restart();
    context.run();
    const double seconds = seconds_since(begun);
    const double commits_s = static_cast<double>(journal.health().commits - commits) / seconds;
    const double claims_s = each * callers / seconds;
    fmt::print("durable claims, {:3} at once  {:.0f} a second: {:.1f}; {:.0f} commits: {:.2f}\n",
               callers, claims_s, claims_s / syncs_s, commits_s, commits_s / syncs_s);
  }
  const auto begun = Clock::now();
  constexpr int burst = 10'000;  // below what the queue holds
  for (int i = 0; i < options.events; i += burst) {
    for (int j = 0; j < burst; ++j) {
      journal.append_event("rtc_1", {.at_ms = 1.0 * j,
                                     .direction = "received",
                                     .type = "response.output_audio_transcript.delta",
                                     .json = std::string(300, 'x')});
    }
    asio::co_spawn(context, flush(&journal, &failed), asio::detached);
    context.restart();
    context.run();
  }
  const double events_s = options.events / seconds_since(begun);
  fmt::print("events of 300 bytes         {:.0f} a second: {:.0f}\n", events_s, events_s / syncs_s);
  const auto health = journal.health();
  return failed == 0 && health.dropped == 0 && health.failed_writes == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"The journal's rates; behind each colon, as a multiple of plain syncs."};
  app.add_option("--folder", options.folder, "On the disk to be measured")->capture_default_str();
  app.add_option("--claims", options.claims, "Durable writes of each kind");
  app.add_option("--events", options.events, "Events");
  CLI11_PARSE(app, argc, argv);
  const auto folder =
      std::filesystem::path{options.folder} / fmt::format("offhook-journal-bench-{}", getpid());
  std::filesystem::create_directories(folder);
  const double syncs_s = plain_syncs((folder / "plain").string(), options.syncs);
  int result = 1;
  if (auto journal = store::Journal::open((folder / "journal.db").string())) {
    result = measure(options, **journal, syncs_s);
  }
  std::filesystem::remove_all(folder);
  return result;
}
