#include "store/commit_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace offhook::store {
namespace {

/// Whether the disk, rather than one statement, is what went wrong.
bool is_outage(const Error& error) {
  return error.code == Errc::overloaded || error.code == Errc::malformed_message;
}

/// @return how many went.
template <class Writes>
std::size_t move_barriers(Writes& from, std::vector<Write>& to) {
  const auto barriers = std::stable_partition(from.begin(), from.end(),
                                              [](const Write& write) { return !write.barrier; });
  const auto count = static_cast<std::size_t>(std::distance(barriers, from.end()));
  std::move(barriers, from.end(), std::back_inserter(to));
  from.erase(barriers, from.end());
  return count;
}

}  // namespace

CommitQueue::CommitQueue(Database database, CommitQueueOptions options)
    : database_{std::move(database)}, options_{options}, thread_{[this](const std::stop_token& s) {
        run(s);
      }} {}

CommitQueue::~CommitQueue() {
  thread_.request_stop();
  thread_.join();
}

bool CommitQueue::full(const Write& write) const {
  return queue_.size() >= options_.max_queued ||
         (!write.settle && queued_bytes_ + write.bytes > options_.max_queued_bytes);
}

void CommitQueue::push(Write write) {
  {
    const std::scoped_lock lock{mutex_};
    if (!full(write)) {
      if (write.settle) {
        ++awaited_;
      } else {
        if (queued_bytes_ == 0 && health_.ok) {
          flush_at_ = Clock::now() + options_.flush_every;
        }
        queued_bytes_ += write.bytes;
      }
      queue_.push_back(std::move(write));
      changed_.notify_one();
      return;
    }
    if (!write.settle) {
      ++health_.dropped;
      return;
    }
  }
  write.settle(fail(Errc::overloaded, "the journal's queue is full: the disk is too slow"));
}

JournalHealth CommitQueue::health() const {
  const std::scoped_lock lock{mutex_};
  JournalHealth health = health_;
  health.queued = queue_.size();
  return health;
}

void CommitQueue::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<Write> batch;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, stop, [&] { return !queue_.empty(); });
      changed_.wait_until(lock, stop, flush_at_, [&] { return awaited_ > 0; });
      batch = take_batch();
    }
    if (!batch.empty()) {
      commit(std::move(batch));
    }
  }
  give_up();
}

std::vector<Write> CommitQueue::take_batch() {
  std::vector<Write> batch;
  const auto take = [&](Write& write) {
    if (write.settle) {
      --awaited_;
    } else {
      queued_bytes_ -= write.bytes;
    }
    batch.push_back(std::move(write));
  };
  // What is waited for may fit although the rest does not.
  auto rest = queue_.end();
  if (!health_.ok) {
    rest = std::stable_partition(queue_.begin(), queue_.end(),
                                 [](const Write& write) { return !write.settle || write.barrier; });
  }
  if (rest == queue_.end()) {
    const std::size_t count = std::min(queue_.size(), options_.max_batch);
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
    std::for_each(queue_.begin(), end, take);
    queue_.erase(queue_.begin(), end);
  } else {
    std::for_each(rest, queue_.end(), take);
    queue_.erase(rest, queue_.end());
  }
  return batch;
}

Result<> CommitQueue::apply_all(std::vector<Write>& batch, std::vector<Result<>>& outcomes) {
  if (auto begun = database_.script("BEGIN IMMEDIATE"); !begun) {
    return begun;
  }
  for (Write& write : batch) {
    Result<> applied = write.apply(database_);
    if (!applied && (is_outage(applied.error()) || !database_.in_transaction())) {
      return applied;
    }
    outcomes.push_back(std::move(applied));
  }
  return database_.script("COMMIT");
}

void CommitQueue::commit(std::vector<Write> batch) {
  std::vector<Result<>> outcomes;
  outcomes.reserve(batch.size());
  const std::int64_t changes_before = database_.total_changes();
  const Result<> committed = apply_all(batch, outcomes);
  if (!committed && database_.in_transaction()) {
    static_cast<void>(database_.script("ROLLBACK"));
  }
  if (committed) {
    note_commit(outcomes, database_.total_changes() != changes_before);
  } else if (note_failure(committed.error(), batch)) {
    commit(std::move(batch));  // once more, without those that are in no hurry
    return;
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].settle) {
      batch[i].settle(committed ? std::move(outcomes[i]) : committed);
    }
  }
}

void CommitQueue::note_commit(const std::vector<Result<>>& outcomes, bool wrote) {
  const auto succeeded = static_cast<std::uint64_t>(std::count_if(
      outcomes.begin(), outcomes.end(), [](const Result<>& one) { return one.has_value(); }));
  const std::scoped_lock lock{mutex_};
  if (wrote) {  // An empty transaction proves nothing about the disk.
    health_.ok = true;
    health_.why.clear();
  }
  ++health_.commits;
  health_.writes += succeeded;
  health_.failed_writes += outcomes.size() - succeeded;
  flush_at_ = Clock::now() + options_.flush_every;
}

bool CommitQueue::note_failure(const Error& error, std::vector<Write>& batch) {
  const auto unhurried = std::stable_partition(batch.begin(), batch.end(),
                                               [](const Write& write) { return !!write.settle; });
  const bool any_put_back = unhurried != batch.end();
  std::vector<Write> barriers;
  {
    const std::scoped_lock lock{mutex_};
    health_.ok = false;
    health_.why = error.detail;
    ++health_.failed_commits;
    flush_at_ = Clock::now() + options_.retry_every;
    std::for_each(unhurried, batch.end(),
                  [&](const Write& write) { queued_bytes_ += write.bytes; });
    queue_.insert(queue_.begin(), std::make_move_iterator(unhurried),
                  std::make_move_iterator(batch.end()));
    batch.erase(unhurried, batch.end());
    if (any_put_back) {
      const std::size_t in_batch = move_barriers(batch, barriers);
      move_barriers(queue_, barriers);
      awaited_ -= barriers.size() - in_batch;
    }
  }
  for (Write& barrier : barriers) {
    barrier.settle(fail(error));
  }
  return any_put_back && !batch.empty();
}

void CommitQueue::give_up() {
  for (bool tried = false;; tried = true) {
    std::vector<Write> batch;
    {
      const std::scoped_lock lock{mutex_};
      if (queue_.empty()) {
        return;
      }
      if (tried && !health_.ok && awaited_ == 0) {
        health_.dropped += queue_.size();
        return;
      }
      batch = take_batch();
    }
    commit(std::move(batch));
  }
}

}  // namespace offhook::store
