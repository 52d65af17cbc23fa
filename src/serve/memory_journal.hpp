#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/tools/memory_ledger.hpp"
#include "serve/call_journal.hpp"

namespace offhook::serve {

/// A journal that ends with the process: for `journal: ""` and for tests.
class MemoryJournal : public CallJournal {
 public:
  void announce(const JournalCall&) override {}
  [[nodiscard]] boost::asio::awaitable<Result<bool>> open_call(JournalCall call) override;
  [[nodiscard]] boost::asio::awaitable<Result<>> end_call(JournalEnding ending) override;
  [[nodiscard]] boost::asio::awaitable<Result<>> name_call(std::string provisional,
                                                           std::string call_id) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<JournalCall>>> take_over(
      std::string call_id) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<PastUse>>> last_day() override;
  void message(const std::string&, std::string_view, std::string_view, double) override {}
  void mark(const std::string&, const Mark&) override {}
  void said(const std::string&, const Said&) override {}
  void usage(const std::string&, const agent::Usage&) override {}
  [[nodiscard]] agent::ToolLedger& ledger() noexcept override { return ledger_; }
  [[nodiscard]] JournalHealth health() const override { return {}; }
  void watch(boost::asio::any_io_executor, std::function<void(const JournalChange&)>) override {}

 private:
  std::map<std::string, JournalCall> calls_;
  agent::MemoryLedger ledger_;
};

}  // namespace offhook::serve
