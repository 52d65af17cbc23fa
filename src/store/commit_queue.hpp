#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "store/database.hpp"
#include "store/journal_health.hpp"

namespace offhook::store {

/// One change of the database.
struct Write {
  /// Makes the change, on the writer's thread, within a transaction that it shares with others.
  std::function<Result<>(Database&)> apply;
  /// Told once the commit is on the disk, or that it is not; on the writer's thread. Empty: nobody
  /// waits, and the write is put off until the next commit and tried again after failures.
  std::function<void(Result<>)> settle{};
  std::size_t bytes = 0;  ///< Memory that it holds, about.
  bool barrier = false;   ///< With `settle`: succeeds only when all that was pushed before it has.
};

struct CommitQueueOptions {
  std::chrono::milliseconds flush_every{100};  ///< Longest wait of writes nobody waits for.
  std::chrono::milliseconds retry_every{500};  ///< Of those after a failed commit.
  std::size_t max_batch = 1'000;               ///< Writes of one commit.
  std::size_t max_queued = 50'000;             ///< More are refused or dropped.
  std::size_t max_queued_bytes = 64U << 20U;   ///< Of writes nobody waits for.
  /// Writes something, to see whether the disk works again while nobody else does. Empty: an outage
  /// lasts until the next write.
  std::function<Result<>(Database&)> probe{};
};

/// Group commit: a thread that puts all writes that have come in meanwhile into one transaction.
/// A sync of the disk costs milliseconds; this way many writes share one.
///
/// A failed commit begins an outage: those who wait are told, the others stay queued. Each later
/// write that somebody waits for is tried at once and by itself, the others are tried again every
/// `retry_every`. The outage is over, without anybody's help, with the first commit that leaves
/// nothing behind.
class CommitQueue {
 public:
  CommitQueue(Database database, CommitQueueOptions options);
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;
  /// Commits what is queued; what cannot be committed is dropped, and those who wait are told.
  ~CommitQueue();

  /// Any thread; never waits for the disk. With a full queue a write is settled at once with
  /// `overloaded`, or dropped and counted.
  void push(Write write);

  /// Any thread.
  [[nodiscard]] JournalHealth health() const;

  /// Any thread. From its return on `told` is called, in order and on the writer's thread, when an
  /// outage begins or is over, and whoever was told before is not any more. Must not block.
  void watch(std::function<void(const JournalChange&)> told);

 private:
  using Clock = std::chrono::steady_clock;
  void run(const std::stop_token& stop);
  /// Writes of one commit. `whole`: no older ones are left in the queue.
  struct Batch {
    std::vector<Write> writes{};
    bool whole = true;
  };
  void wait_for_work(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  [[nodiscard]] Batch take_batch();
  [[nodiscard]] Batch probe() const;
  void commit(Batch batch);
  [[nodiscard]] Result<> apply_all(std::vector<Write>& batch, std::vector<Result<>>& outcomes);
  void note_commit(const std::vector<Result<>>& outcomes, bool proved);
  /// Puts back the writes that nobody waits for and takes out the barriers, of which it tells.
  /// @return whether the rest of the batch is worth another attempt.
  [[nodiscard]] bool note_failure(const Error& error, std::vector<Write>& batch);
  void give_up();
  [[nodiscard]] bool full(const Write& write) const;
  void tell(const JournalChange& change);

  Database database_;
  const CommitQueueOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_:
  std::deque<Write> queue_;
  std::size_t awaited_ = 0;       ///< Queued writes with a `settle`.
  std::size_t queued_bytes_ = 0;  ///< Of the others.
  Clock::time_point flush_at_{};
  JournalHealth health_;
  Clock::time_point down_since_{};

  std::mutex watch_mutex_;
  std::function<void(const JournalChange&)> told_;  ///< Guarded by watch_mutex_.

  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace offhook::store
