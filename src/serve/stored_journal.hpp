#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "agent/agent_file.hpp"
#include "serve/call_journal.hpp"
#include "store/journal.hpp"

namespace offhook::serve {

struct StoredJournalOptions {
  agent::KeepSettings keep{};
  /// What a call has cost so far; nothing when the model has no price.
  std::function<std::optional<double>(const std::string& model, const agent::Usage& usage)>
      estimate{};
};

/// The journal on the disk (`store::Journal`). One executor.
class StoredJournal : public CallJournal, private agent::ToolLedger {
 public:
  /// @param journal  Must outlive this.
  StoredJournal(store::Journal& journal, StoredJournalOptions options);

  void announce(const JournalCall& call) override;
  [[nodiscard]] boost::asio::awaitable<Result<bool>> open_call(JournalCall call) override;
  [[nodiscard]] boost::asio::awaitable<Result<>> end_call(JournalEnding ending) override;
  [[nodiscard]] boost::asio::awaitable<Result<>> name_call(std::string provisional,
                                                           std::string call_id) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<JournalCall>>> take_over(
      std::string call_id) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<PastUse>>> last_day() override;
  void message(const std::string& call_id,
               std::string_view direction,
               std::string_view json,
               double at_ms) override;
  void mark(const std::string& call_id, const Mark& mark) override;
  void said(const std::string& call_id, const Said& line) override;
  void usage(const std::string& call_id, const agent::Usage& usage) override;
  [[nodiscard]] agent::ToolLedger& ledger() noexcept override { return *this; }
  [[nodiscard]] JournalHealth health() const override;
  void watch(boost::asio::any_io_executor executor,
             std::function<void(const JournalChange&)> told) override;

  /// Deletes what is older than `keep` says. @return what could not be done.
  [[nodiscard]] boost::asio::awaitable<Result<>> sweep();

 private:
  [[nodiscard]] boost::asio::awaitable<Result<Claim>> claim(agent::ToolCall call) override;
  [[nodiscard]] boost::asio::awaitable<Result<>> finish(std::string call_id,
                                                        std::string function_call_id,
                                                        std::string output) override;
  [[nodiscard]] boost::asio::awaitable<Result<>> sent(std::string call_id,
                                                      std::string function_call_id) override;
  [[nodiscard]] boost::asio::awaitable<std::vector<Unfinished>> unfinished(
      std::string call_id) override;
  [[nodiscard]] std::optional<double> cost(const std::string& call_id,
                                           const agent::Usage& usage) const;

  store::Journal& journal_;
  StoredJournalOptions options_;
  std::unordered_map<std::string, std::string> models_;  ///< Of live calls, by call id.
  /// What an earlier process has left of them, until somebody goes on with it.
  std::unordered_map<std::string, std::vector<Unfinished>> unfinished_;
};

}  // namespace offhook::serve
