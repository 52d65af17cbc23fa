#include "store/commit_queue.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace offhook::store {
namespace {

/// Whether the disk, rather than one statement, is what went wrong.
bool is_outage(const Error& error) {
  return error.code == Errc::overloaded || error.code == Errc::malformed_message;
}

std::chrono::milliseconds ms_since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               then);
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
  if (!health.ok) {
    health.down += ms_since(down_since_);
  }
  return health;
}

void CommitQueue::watch(std::function<void(const JournalChange&)> told) {
  const std::scoped_lock lock{watch_mutex_};
  told_ = std::move(told);
}

void CommitQueue::tell(const JournalChange& change) {
  const std::scoped_lock lock{watch_mutex_};
  if (told_) {
    told_(change);
  }
}

void CommitQueue::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Batch batch;
    {
      std::unique_lock lock{mutex_};
      wait_for_work(lock, stop);
      batch = queue_.empty() && !health_.ok && !stop.stop_requested() ? probe() : take_batch();
    }
    if (!batch.writes.empty()) {
      commit(std::move(batch));
    }
  }
  give_up();
}

void CommitQueue::wait_for_work(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  const auto has_work = [&] { return !queue_.empty(); };
  if (health_.ok || !options_.probe) {
    changed_.wait(lock, stop, has_work);
  } else {
    changed_.wait_until(lock, stop, flush_at_, has_work);
  }
  changed_.wait_until(lock, stop, flush_at_, [&] { return awaited_ > 0; });
}

CommitQueue::Batch CommitQueue::probe() const {
  Batch batch;
  if (options_.probe) {
    batch.writes.push_back({.apply = options_.probe, .settle = [](const Result<>&) {}});
  }
  return batch;
}

CommitQueue::Batch CommitQueue::take_batch() {
  Batch batch;
  const auto take = [&](Write& write) {
    if (write.settle) {
      --awaited_;
    } else {
      queued_bytes_ -= write.bytes;
    }
    batch.writes.push_back(std::move(write));
  };
  // What is waited for may fit although the rest does not.
  auto rest = queue_.end();
  if (!health_.ok && Clock::now() < flush_at_) {
    rest = std::stable_partition(queue_.begin(), queue_.end(),
                                 [](const Write& write) { return !write.settle || write.barrier; });
  }
  if (rest == queue_.end()) {
    const std::size_t count = std::min(queue_.size(), options_.max_batch);
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
    std::for_each(queue_.begin(), end, take);
    queue_.erase(queue_.begin(), end);
  } else {
    batch.whole = rest == queue_.begin();
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

void CommitQueue::commit(Batch batch) {
  std::vector<Result<>> outcomes;
  outcomes.reserve(batch.writes.size());
  const std::int64_t changes_before = database_.total_changes();
  const Result<> committed = apply_all(batch.writes, outcomes);
  if (!committed && database_.in_transaction()) {
    static_cast<void>(database_.script("ROLLBACK"));
  }
  if (committed) {
    // An empty transaction proves nothing about the disk, and what fits beside older writes little.
    note_commit(outcomes, batch.whole && database_.total_changes() != changes_before);
  } else if (note_failure(committed.error(), batch.writes)) {
    batch.whole = false;
    commit(std::move(batch));  // once more, without those that are in no hurry
    return;
  }
  for (std::size_t i = 0; i < batch.writes.size(); ++i) {
    if (batch.writes[i].settle) {
      batch.writes[i].settle(committed ? std::move(outcomes[i]) : committed);
    }
  }
}

void CommitQueue::note_commit(const std::vector<Result<>>& outcomes, bool proved) {
  const auto succeeded = static_cast<std::uint64_t>(std::count_if(
      outcomes.begin(), outcomes.end(), [](const Result<>& one) { return one.has_value(); }));
  std::optional<JournalChange> over;
  {
    const std::scoped_lock lock{mutex_};
    if (proved && !health_.ok) {
      over = JournalChange{true, {}, ms_since(down_since_)};
      health_.ok = true;
      health_.why.clear();
      health_.down += over->lasted;
    }
    ++health_.commits;
    health_.writes += succeeded;
    health_.failed_writes += outcomes.size() - succeeded;
    if (health_.ok) {
      flush_at_ = Clock::now() + options_.flush_every;
    }
  }
  if (over) {
    tell(*over);
  }
}

bool CommitQueue::note_failure(const Error& error, std::vector<Write>& batch) {
  const auto unhurried = std::stable_partition(batch.begin(), batch.end(),
                                               [](const Write& write) { return !!write.settle; });
  const bool any_put_back = unhurried != batch.end();
  std::vector<Write> barriers;
  bool began = false;
  {
    const std::scoped_lock lock{mutex_};
    began = std::exchange(health_.ok, false);
    if (began) {
      ++health_.outages;
      down_since_ = Clock::now();
    }
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
  if (began) {
    tell({false, error.detail});
  }
  for (Write& barrier : barriers) {
    barrier.settle(fail(error));
  }
  return any_put_back && !batch.empty();
}

void CommitQueue::give_up() {
  for (bool tried = false;; tried = true) {
    Batch batch;
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
