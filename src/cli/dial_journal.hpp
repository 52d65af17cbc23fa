#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "agent/agent_file.hpp"
#include "base/timeline.hpp"
#include "call/dial_keeper.hpp"
#include "call/dialled_call.hpp"
#include "serve/call_writer.hpp"
#include "serve/memory_journal.hpp"
#include "serve/stored_journal.hpp"
#include "store/journal.hpp"

namespace offhook::cli {

/// `offhook dial`'s place in the journal of its agent file, beside an `offhook serve` that may have
/// it. With `journal: ""` nothing is kept. Control thread; must outlive the call.
class DialJournal : public call::DialKeeper {
 public:
  /// @param file  Must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<DialJournal>> open(
      boost::asio::any_io_executor executor, const agent::AgentFile& file, Timeline& timeline);

  /// The call of an earlier process that is gone, for `--resume`.
  /// @return `not_found` when there is none of that id, or its process is alive.
  [[nodiscard]] boost::asio::awaitable<Result<serve::JournalCall>> take_over(std::string id);
  /// What it will keep, once the call is placed.
  void expect(const call::DialOptions& options);
  /// Deletes what is older than the file's `keep` says, while the call goes on.
  void sweep();

  [[nodiscard]] boost::asio::awaitable<void> placing() override;
  void placed(const std::string& session_id) override;
  void message(std::string_view direction, std::string_view json, double at_ms) override;
  void said(const agent::TranscriptLine& line) override;
  void used(const agent::Usage& usage) override;
  [[nodiscard]] boost::asio::awaitable<void> ended(const call::DialReport& report) override;
  [[nodiscard]] agent::ToolLedger& ledger() noexcept override { return journal().ledger(); }

 private:
  DialJournal(boost::asio::any_io_executor executor,
              const agent::AgentFile& file,
              Timeline& timeline);
  [[nodiscard]] serve::CallJournal& journal() noexcept;
  void follow(std::string id);
  void mark_failure(const Error& error);
  [[nodiscard]] boost::asio::awaitable<void> name(std::string provisional, std::string session_id);
  [[nodiscard]] boost::asio::awaitable<void> sweep_once();

  boost::asio::any_io_executor executor_;
  const agent::AgentFile& file_;
  Timeline& timeline_;
  std::unique_ptr<store::Journal> store_;
  std::unique_ptr<serve::StoredJournal> stored_;
  serve::MemoryJournal forgetful_;
  serve::JournalCall expected_;
  std::optional<serve::CallWriter> writer_;
  Timeline::Subscription subscription_{};
};

}  // namespace offhook::cli
