#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "journal_fixture.hpp"

namespace offhook::store {
namespace {

constexpr std::int64_t day_ms = 24LL * 3600 * 1000;

/// Calls with everything, one ended 10 days ago, one yesterday, and one that lives for 20 days.
/// Opened again for every look, as a clock that jumps within a run is a case of its own.
class Years {
 public:
  Years() {
    write("live", -20, false);
    write("old", -10, true);
    write("young", -1, true);
  }

  std::unique_ptr<Journal> open(std::int64_t days = 0) {
    JournalOptions options;
    options.now_ms = [this] { return now_ms_; };
    now_ms_ = today_ms + days * day_ms;
    return open_journal(folder_.file(), options);
  }
  void set_clock(std::int64_t days) { now_ms_ = today_ms + days * day_ms; }
  [[nodiscard]] std::uint64_t size() const { return std::filesystem::file_size(folder_.file()); }

 private:
  static constexpr std::int64_t today_ms = 2'000'000'000'000;

  void write(const std::string& id, std::int64_t day, bool ended) {
    const auto journal = open(day);
    NewCall call = call_named(id);
    call.recording = id + ".flac";
    REQUIRE(run(journal->open_call(call)));
    REQUIRE(run(journal->claim_tool(tool_named(id, "f"))));
    for (int i = 0; i < 2'500; ++i) {
      journal->append_event(id, {.type = "e", .json = std::string(200, 'x')});
    }
    journal->append_transcript(id, {.who = "caller", .text = "hello"});
    if (ended) {
      REQUIRE(run(journal->end_call({.call_id = id})));
    }
  }

  TemporaryFolder folder_;
  std::int64_t now_ms_ = 0;
};

TEST_SUITE("retention") {
  TEST_CASE("old calls go with all they have, live ones stay, the file becomes smaller") {
    Years years;
    const std::uint64_t before = years.size();
    {
      const auto journal = years.open();
      const auto swept = run(journal->sweep({.calls = 7}));
      REQUIRE_MESSAGE(swept, swept.error().detail);
      CHECK(swept->calls == 1);
      CHECK(swept->rows == 2'502);
      CHECK(swept->files == std::vector<std::string>{"old.flac"});
      CHECK_FALSE(run(journal->call("old")));
      CHECK(run(journal->call("live"))->events.size() == 2'500);
      CHECK(run(journal->call("young"))->tools.size() == 1);
    }
    years.open();
    CHECK(years.size() < before * 3 / 4);
  }

  TEST_CASE("each kind has its own time") {
    Years years;
    const auto journal = years.open();
    REQUIRE(run(journal->sweep({.transcripts = 7, .events = 0})));
    const auto old = run(journal->call("old"));
    CHECK(old->events.empty());
    CHECK(old->transcript.empty());
    CHECK(old->tools.size() == 1);
    const auto young = run(journal->call("young"));
    CHECK(young->events.empty());
    CHECK(young->transcript.size() == 1);
    CHECK(run(journal->call("live"))->events.size() == 2'500);
  }

  TEST_CASE("a file is handed out until somebody says that it is gone") {
    Years years;
    const auto journal = years.open();
    CHECK(run(journal->sweep({.recordings = 7}))->files.size() == 1);
    const auto again = run(journal->sweep({}));
    REQUIRE(again->files == std::vector<std::string>{"old.flac"});
    REQUIRE(run(journal->files_deleted(again->files)));
    CHECK(run(journal->sweep({}))->files.empty());
    CHECK(run(journal->call("old"))->call.info.recording.empty());
  }

  TEST_CASE("a clock that was set deletes nothing; the next turn goes by the new time") {
    Years years;
    const auto journal = years.open();
    years.set_clock(3'650);
    CHECK(run(journal->sweep({.calls = 30}))->calls == 0);
    years.set_clock(0);
    CHECK(run(journal->sweep({.calls = 30}))->calls == 0);
    CHECK(run(journal->calls({}))->size() == 3);
    CHECK(run(journal->sweep({.calls = 7}))->calls == 1);
  }
}

}  // namespace
}  // namespace offhook::store
