#include "store/commit_queue.hpp"

#include <cstddef>
#include <future>
#include <optional>

#include <doctest/doctest.h>

#include "journal_fixture.hpp"
#include "store/schema.hpp"

namespace offhook::store {
namespace {

/// A queue on a fresh file, and a write that holds the writer up until it is let go.
struct HeldQueue {
  TemporaryFolder folder;
  std::promise<void> go;
  std::shared_future<void> gone{go.get_future()};
  std::optional<CommitQueue> queue;

  explicit HeldQueue(CommitQueueOptions options = {}) {
    queue.emplace(open_for_writing(folder.file()).value(), options);
    std::promise<void> began;
    queue->push({.apply =
                     [this, &began](Database&) {
                       began.set_value();
                       gone.wait();
                       return Result<>{};
                     },
                 .settle = [](const Result<>&) {}});
    began.get_future().wait();
  }
};

Result<> insert(Database& database) {
  const auto done = database.run("INSERT INTO doomed_file VALUES(hex(randomblob(16)))");
  return done ? Result<>{} : fail(done.error());
}

TEST_SUITE("commit queue") {
  TEST_CASE("what comes in during a commit shares the next one") {
    HeldQueue held;
    std::promise<void> all;
    std::atomic<int> settled{0};
    for (int i = 0; i < 100; ++i) {
      held.queue->push({.apply = insert, .settle = [&](const Result<>& result) {
                          CHECK(result.has_value());
                          if (++settled == 100) {
                            all.set_value();
                          }
                        }});
    }
    held.go.set_value();
    all.get_future().wait();
    const JournalHealth health = held.queue->health();
    CHECK(health.writes == 101);
    CHECK(health.commits == 2);
  }

  TEST_CASE("nobody is told before the commit: a reader sees what was settled") {
    HeldQueue held;
    held.go.set_value();
    auto reader = open_for_reading(held.folder.file()).value();
    for (int i = 1; i <= 20; ++i) {
      std::promise<std::int64_t> seen;
      held.queue->push({.apply = insert, .settle = [&](const Result<>&) {
                          std::int64_t count = 0;
                          CHECK(reader.query("SELECT count(*) FROM doomed_file", {},
                                             [&](const Row& row) { count = row.integer(0); }));
                          seen.set_value(count);
                        }});
      CHECK(seen.get_future().get() == i);
    }
  }

  TEST_CASE("a full queue drops and counts, and refuses those who wait") {
    HeldQueue held{{.max_queued = 10}};
    for (int i = 0; i < 15; ++i) {
      held.queue->push({.apply = insert, .bytes = 1});
    }
    std::optional<Result<>> refused;
    held.queue->push({.apply = insert, .settle = [&](Result<> result) { refused = result; }});
    REQUIRE(refused);
    CHECK(refused->error().code == Errc::overloaded);
    CHECK(held.queue->health().dropped == 5);
    CHECK(held.queue->health().queued == 10);
    held.go.set_value();
  }

  TEST_CASE("the memory of what nobody waits for is bounded, too") {
    HeldQueue held{{.max_queued_bytes = 1'000}};
    for (int i = 0; i < 5; ++i) {
      held.queue->push({.apply = insert, .bytes = 400});
    }
    CHECK(held.queue->health().dropped == 3);
    held.go.set_value();
  }

  TEST_CASE("a write that the database refuses fails alone") {
    HeldQueue held;
    std::promise<bool> bad;
    std::promise<bool> good;
    const auto duplicate = [](Database& database) -> Result<> {
      const auto done = database.run("INSERT INTO doomed_file VALUES('x'), ('x')");
      return done ? Result<>{} : fail(done.error());
    };
    held.queue->push(
        {.apply = duplicate, .settle = [&](const Result<>& r) { bad.set_value(r.has_value()); }});
    held.queue->push(
        {.apply = insert, .settle = [&](const Result<>& r) { good.set_value(r.has_value()); }});
    held.go.set_value();
    CHECK_FALSE(bad.get_future().get());
    CHECK(good.get_future().get());
    CHECK(held.queue->health().failed_writes == 1);
    CHECK(held.queue->health().ok);
  }

  TEST_CASE("the end writes what is queued") {
    HeldQueue held;
    for (int i = 0; i < 2'500; ++i) {
      held.queue->push({.apply = insert, .bytes = 1});
    }
    held.go.set_value();
    held.queue.reset();
    auto reader = open_for_reading(held.folder.file()).value();
    std::int64_t count = 0;
    REQUIRE(reader.query("SELECT count(*) FROM doomed_file", {},
                         [&](const Row& row) { count = row.integer(0); }));
    CHECK(count == 2'500);
  }
}

}  // namespace
}  // namespace offhook::store
