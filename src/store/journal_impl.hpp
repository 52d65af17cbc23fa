#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>

#include "store/accept_notes.hpp"
#include "store/awaited.hpp"
#include "store/journal.hpp"
#include "store/journal_reader.hpp"
#include "store/lock_file.hpp"
#include "store/writes.hpp"

namespace offhook::store {

/// Hands work to the two threads of a journal, and results back to coroutines.
class Journal::Impl {
 public:
  Impl(LockFile lock,
       std::optional<AcceptNotes> notes,
       Database database,
       JournalReader reader,
       std::int64_t run,
       JournalOptions o);
  ~Impl() { readers_.join(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Runs `work` on the writer's thread; returns what it returned once that is on the disk.
  template <class T>
  [[nodiscard]] boost::asio::awaitable<Result<T>> durable(std::function<Result<T>(Database&)> work,
                                                          bool barrier = false) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto awaited = std::make_shared<Awaited<T>>(executor);
    Write write = make_write<T>(std::move(work), awaited->giver());
    write.barrier = barrier;
    queue_.push(std::move(write));
    Result<T> result = co_await Awaited<T>::take(awaited);
    co_return result;
  }

  /// Runs `work` on the reader's thread.
  template <class T>
  [[nodiscard]] boost::asio::awaitable<Result<T>> read(
      std::function<Result<T>(JournalReader&)> work) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto awaited = std::make_shared<Awaited<T>>(executor);
    post_read<T>(std::move(work), awaited->giver());
    Result<T> result = co_await Awaited<T>::take(awaited);
    co_return result;
  }

  void append(std::size_t bytes, std::function<Result<>(Database&)> work);

  [[nodiscard]] Stamp stamp() const { return {run_, options_.now_ms()}; }
  [[nodiscard]] bool clock_was_set();
  [[nodiscard]] const JournalOptions& options() const noexcept { return options_; }
  [[nodiscard]] JournalHealth health() const { return queue_.health(); }
  void watch(std::function<void(const JournalChange&)> told) { queue_.watch(std::move(told)); }

  void announce(const NewCall& call);
  [[nodiscard]] boost::asio::awaitable<Result<OpenedCall>> open_call(NewCall call);
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<NewCall>>> take_announced();
  [[nodiscard]] boost::asio::awaitable<Result<Swept>> sweep(Retention retention);
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<LiveCall>>> take_over(
      std::string call_id);

 private:
  template <class T>
  [[nodiscard]] static Write make_write(std::function<Result<T>(Database&)> work,
                                        typename Awaited<T>::Giver giver) {
    const auto outcome = std::make_shared<std::optional<Result<T>>>();
    return {.apply = [work = std::move(work), outcome](Database& database) -> Result<> {
              *outcome = work(database);
              return **outcome ? Result<>{} : fail((*outcome)->error());
            },
            .settle =
                [giver = std::move(giver), outcome](Result<> settled) {
                  giver.give(settled ? std::move(**outcome) : fail(std::move(settled).error()));
                }};
  }

  template <class T>
  void post_read(std::function<Result<T>(JournalReader&)> work, typename Awaited<T>::Giver giver) {
    boost::asio::post(readers_, [this, work = std::move(work), giver = std::move(giver)] {
      giver.give(work(reader_));
    });
  }

  using RowChange = std::function<Result<std::int64_t>(Database&)>;
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<std::int64_t>>> old_calls(
      std::string_view sql, int days);
  [[nodiscard]] boost::asio::awaitable<Result<>> sweep_children(Retention retention, Swept& swept);
  [[nodiscard]] boost::asio::awaitable<Result<>> sweep_calls(Retention retention, Swept& swept);
  [[nodiscard]] boost::asio::awaitable<Result<>> vacuum();

  LockFile lock_;
  std::optional<AcceptNotes> notes_;  ///< The owner's.
  JournalOptions options_;
  std::int64_t run_;
  std::int64_t last_sweep_ms_;  ///< By the system's clock,
  std::chrono::steady_clock::time_point last_sweep_ =
      std::chrono::steady_clock::now();  ///< and ours
  CommitQueue queue_;     // closed last: only its connection can clear the write-ahead log away
  JournalReader reader_;  // readers_ only
  boost::asio::thread_pool readers_{1};
};

}  // namespace offhook::store
