#pragma once

#include <map>
#include <string>
#include <utility>

#include "serve/call_journal.hpp"

namespace offhook::serve {

/// A journal that ends with the process: for `journal: ""` and for tests.
class MemoryJournal : public CallJournal, private agent::ToolLedger {
 public:
  [[nodiscard]] boost::asio::awaitable<Result<bool>> open_call(JournalCall call) override;
  [[nodiscard]] boost::asio::awaitable<Result<>> end_call(JournalEnding ending) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<JournalCall>>> live_calls() override;
  void message(const std::string&, std::string_view, std::string_view, double) override {}
  void said(const std::string&, const Said&) override {}
  void usage(const std::string&, const agent::Usage&) override {}
  [[nodiscard]] agent::ToolLedger& ledger() noexcept override { return *this; }
  [[nodiscard]] JournalHealth health() const override { return {}; }

 private:
  using ToolKey = std::pair<std::string, std::string>;  ///< Call id, function call id.

  [[nodiscard]] boost::asio::awaitable<Result<Claim>> claim(agent::ToolCall call) override;
  [[nodiscard]] boost::asio::awaitable<Result<>> finish(std::string call_id,
                                                        std::string function_call_id,
                                                        std::string output) override;
  [[nodiscard]] boost::asio::awaitable<Result<>> sent(std::string call_id,
                                                      std::string function_call_id) override;

  std::map<std::string, JournalCall> calls_;
  std::map<ToolKey, Claim> tools_;
};

}  // namespace offhook::serve
