#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "base/timeline.hpp"
#include "store/commit_queue.hpp"
#include "store/journal_health.hpp"
#include "store/records.hpp"

namespace offhook::store {

struct JournalOptions {
  CommitQueueOptions queue{};
  std::size_t max_event_bytes = 256U << 10U;  ///< Longer messages keep only their type.
  /// Beside the process that owns it, for calls of our own: any number of guests may write, each
  /// its calls. False: nobody else may be the owner.
  bool guest = false;
  /// Unix time in ms, by a clock that may be set at any moment. Any thread.
  std::function<std::int64_t()> now_ms{};  ///< Empty: the system's.
};

/// What an agent must not forget: calls, what happened in them, and which tools took effect.
///
/// One SQLite file (docs/decisions/0014), one process that owns it, guests with calls of their own,
/// and any number of readers. Awaitable operations are for coroutines of a single-threaded
/// executor; the journal must outlive them. Those that change something are durable once they have
/// returned without an Error, and only then may their effects begin. After an Error nothing was
/// changed, except after a cancellation, when the outcome is unknown. `overloaded`: the disk is
/// full or broken, or the queue is full; it works again by itself once there is space. The others
/// return at once and are on the disk within about 100 ms.
class Journal {
 public:
  /// Makes the file when there is none. Blocks for some milliseconds; what a crash interrupted is
  /// rolled back or forward by SQLite here.
  /// @return `overloaded` when another process has it, `invalid_argument` when it is another
  ///         program's file or of a newer offhook, `malformed_message` when it is damaged.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const std::string& path,
                                                             JournalOptions options = {});
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  /// Writes what is queued.
  ~Journal();

  /// Before a call is accepted whose entry is written meanwhile: at once and without an answer,
  /// outlives this process but not the machine. The executor's thread.
  void announce(const NewCall& call);
  /// Calls that an earlier process announced and never opened: it was killed in between. Each is to
  /// be opened now. Only the owner's, and only once.
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<NewCall>>> take_announced();
  /// Not fresh: a call with this id, this webhook id, or a live one with this SIP Call-ID is there.
  [[nodiscard]] boost::asio::awaitable<Result<OpenedCall>> open_call(NewCall call);
  /// Of a call that was opened before the API told its id: this is it from now on.
  [[nodiscard]] boost::asio::awaitable<Result<>> name_call(std::string provisional,
                                                           std::string call_id);
  /// @return `not_found` for an unknown call. Ending a call again changes nothing.
  [[nodiscard]] boost::asio::awaitable<Result<>> end_call(CallEnding ending);

  /// @return `not_found` for an unknown call.
  [[nodiscard]] boost::asio::awaitable<Result<ToolClaim>> claim_tool(NewTool tool);
  /// @return `not_found` when it was not claimed. A second output is ignored.
  [[nodiscard]] boost::asio::awaitable<Result<>> finish_tool(std::string call_id,
                                                             std::string function_call_id,
                                                             std::string output);
  /// @return `not_found` when it was not finished.
  [[nodiscard]] boost::asio::awaitable<Result<>> tool_sent(std::string call_id,
                                                           std::string function_call_id);
  /// Returns when everything that was appended before is on the disk, or that it is not.
  [[nodiscard]] boost::asio::awaitable<Result<>> flush();

  // Any thread, at once. Dropped and counted (`health`) when the queue is full; ignored and counted
  // when the call is unknown.
  void append_event(const std::string& call_id, Event event);
  void append_transcript(const std::string& call_id, TranscriptLine line);
  void append_mark(const std::string& call_id, const Mark& mark);
  void update_usage(const std::string& call_id, const Usage& usage, std::optional<double> cost);

  // Reads see what is on the disk: see `flush`. As JournalReader's.
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<Call>>> calls(CallFilter filter);
  [[nodiscard]] boost::asio::awaitable<Result<CallStory>> call(std::string call_id,
                                                               std::size_t max_events = 10'000);
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<LiveCall>>> live_calls();
  /// Live calls whose process is gone: this one has them now, and no other gets them. With a full
  /// disk they are returned all the same, because somebody must go on with them.
  /// @param call_id  Only this one; empty: all.
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<LiveCall>>> take_over(
      std::string call_id = {});
  [[nodiscard]] boost::asio::awaitable<Result<UsageSums>> usage_since(
      std::int64_t since_ms, std::optional<std::string> caller);
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<CallerUsage>>> usage_by_caller(
      std::int64_t since_ms);

  /// Deletes what is older than `retention` says, in small pieces, and gives the space back.
  /// Live calls stay. When the system's clock was set since the last time, nothing is deleted this
  /// time, because ages are wrong then.
  [[nodiscard]] boost::asio::awaitable<Result<Swept>> sweep(Retention retention);
  /// Tells that files handed out by `sweep` are gone; until then they are handed out again.
  [[nodiscard]] boost::asio::awaitable<Result<>> files_deleted(std::vector<std::string> files);

  /// Any thread.
  [[nodiscard]] JournalHealth health() const;
  /// As CommitQueue's: every outage is told, however short.
  void watch(std::function<void(const JournalChange&)> told);

 private:
  class Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace offhook::store
