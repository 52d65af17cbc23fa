#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include "journal_fixture.hpp"

namespace offhook::store {
namespace {

/// No file of this process may grow beyond a size: to a writer this is a full disk.
class FullDisk {
 public:
  explicit FullDisk(std::uint64_t largest_file) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = largest_file;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, SIG_DFL);
  }

 private:
  rlimit before_{};
};

std::uint64_t size_of(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::file_size(path, ignored);
}

/// What a journal tells of its outages. Declared before the journal, which goes first.
class Changes {
 public:
  void follow(Journal& journal) {
    journal.watch([this](const JournalChange& change) {
      const std::scoped_lock lock{mutex_};
      told_.push_back(change);
      changed_.notify_one();
    });
  }
  JournalChange next() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return !told_.empty(); });
    const JournalChange change = told_.front();
    told_.pop_front();
    return change;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<JournalChange> told_;
};

TEST_SUITE("journal on a full disk") {
  TEST_CASE(
      "an outage is told when it begins and when it is over, although nobody writes any more") {
    const TemporaryFolder folder;
    Changes changes;
    const auto journal = open_journal(folder.file(), {.queue = {.retry_every = {}}});
    changes.follow(*journal);
    REQUIRE(run(journal->open_call(call_named("c"))));
    for (std::uint64_t outages = 1; outages <= 2; ++outages) {
      {
        const FullDisk full{size_of(folder.file() + "-wal")};
        CHECK_FALSE(run(journal->claim_tool(tool_named("c", "f" + std::to_string(outages)))));
        const JournalChange began = changes.next();
        CHECK_FALSE(began.ok);
        CHECK(began.why.find("free space") != std::string::npos);
        CHECK_FALSE(journal->health().ok);
      }
      CHECK(changes.next().ok);
      CHECK(journal->health().ok);
      CHECK(journal->health().outages == outages);
    }
  }

  TEST_CASE("an outage lasts as long as something waits to be written, whatever fits meanwhile") {
    const TemporaryFolder folder;
    Changes changes;
    const auto journal = open_journal(folder.file());
    changes.follow(*journal);
    REQUIRE(run(journal->open_call(call_named("c"))));
    {
      const FullDisk nearly_full{size_of(folder.file() + "-wal") + (64U << 10U)};
      journal->append_event("c", {.type = "big", .json = std::string(200'000, 'x')});
      CHECK_FALSE(changes.next().ok);
      CHECK(run(journal->claim_tool(tool_named("c", "f"))));
      CHECK_FALSE(journal->health().ok);
      CHECK(journal->health().queued == 1);
    }
    const JournalChange over = changes.next();
    CHECK(over.ok);
    CHECK(journal->health().queued == 0);
    CHECK(journal->health().down == over.lasted);
  }

  TEST_CASE("durable operations fail while there is no space, and work again by themselves") {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    REQUIRE(run(journal->open_call(call_named("c"))));
    {
      const FullDisk full{size_of(folder.file() + "-wal")};
      const auto claim = run(journal->claim_tool(tool_named("c", "f")));
      REQUIRE_FALSE(claim);
      CHECK(claim.error().code == Errc::overloaded);
      CHECK(claim.error().detail.find("free space") != std::string::npos);
      CHECK_FALSE(journal->health().ok);
      CHECK_FALSE(journal->health().why.empty());
      CHECK(journal->health().failed_commits > 0);
      CHECK_FALSE(run(journal->claim_tool(tool_named("c", "f"))));
      CHECK(run(journal->live_calls())->front().unfinished.empty());
    }
    // Refused claims were not made: the first one that succeeds is a fresh one.
    const auto claim = run(journal->claim_tool(tool_named("c", "f")));
    REQUIRE(claim);
    CHECK(claim->before == ToolState::fresh);
    CHECK(journal->health().ok);
  }

  TEST_CASE("what nobody waits for is kept until there is space") {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    REQUIRE(run(journal->open_call(call_named("c"))));
    {
      const FullDisk full{size_of(folder.file() + "-wal")};
      for (int i = 0; i < 100; ++i) {
        journal->append_event("c", {.type = std::to_string(i), .json = std::string(1'000, 'x')});
      }
      CHECK_FALSE(run(journal->flush()));
      CHECK(journal->health().queued == 100);
      CHECK(journal->health().dropped == 0);
    }
    REQUIRE(run(journal->flush()));
    CHECK(journal->health().ok);
    const auto story = run(journal->call("c"));
    REQUIRE(story->events.size() == 100);
    CHECK(story->events.front().type == "0");
    CHECK(story->events.back().type == "99");
  }

  TEST_CASE("events that do not fit do not keep a claim from fitting") {
    const TemporaryFolder folder;
    const auto journal = open_journal(folder.file());
    REQUIRE(run(journal->open_call(call_named("c"))));
    const FullDisk nearly_full{size_of(folder.file() + "-wal") + (64U << 10U)};
    for (int i = 0; i < 100; ++i) {
      journal->append_event("c", {.type = "big", .json = std::string(100'000, 'x')});
    }
    const auto claim = run(journal->claim_tool(tool_named("c", "f")));
    REQUIRE_MESSAGE(claim, claim.error().detail);
    CHECK(claim->before == ToolState::fresh);
    CHECK(run(journal->live_calls())->front().unfinished.size() == 1);
  }

  TEST_CASE("a journal can be closed while the disk is full, and counts what it lost") {
    const TemporaryFolder folder;
    auto journal = open_journal(folder.file());
    REQUIRE(run(journal->open_call(call_named("c"))));
    {
      const FullDisk full{size_of(folder.file() + "-wal")};
      journal->append_event("c", {.type = "lost", .json = "{}"});
      journal.reset();
    }
    journal = open_journal(folder.file());
    CHECK(run(journal->live_calls())->size() == 1);
    CHECK(run(journal->call("c"))->events.empty());
  }
}

}  // namespace
}  // namespace offhook::store
