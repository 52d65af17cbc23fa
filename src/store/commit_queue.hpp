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
};

/// Group commit: a thread that puts all writes that have come in meanwhile into one transaction.
/// A sync of the disk costs milliseconds; this way many writes share one.
///
/// After a failed commit the queue is degraded: those who wait are told, the others stay queued.
/// Each later write that somebody waits for is tried by itself, so the first one that succeeds ends
/// this state without anybody's help.
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

 private:
  using Clock = std::chrono::steady_clock;
  void run(const std::stop_token& stop);
  [[nodiscard]] std::vector<Write> take_batch();
  void commit(std::vector<Write> batch);
  [[nodiscard]] Result<> apply_all(std::vector<Write>& batch, std::vector<Result<>>& outcomes);
  void note_commit(const std::vector<Result<>>& outcomes, bool wrote);
  /// Puts back the writes that nobody waits for and takes out the barriers, of which it tells.
  /// @return whether the rest of the batch is worth another attempt.
  [[nodiscard]] bool note_failure(const Error& error, std::vector<Write>& batch);
  void give_up();
  [[nodiscard]] bool full(const Write& write) const;

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

  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace offhook::store
