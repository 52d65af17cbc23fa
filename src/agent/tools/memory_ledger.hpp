#pragma once

#include <map>
#include <string>
#include <utility>

#include "agent/tool.hpp"

namespace offhook::agent {

/// Keeps function calls in memory: what `offhook call` needs, where a crash ends the call anyway.
/// One executor.
class MemoryLedger final : public ToolLedger {
 public:
  [[nodiscard]] boost::asio::awaitable<Result<Claim>> claim(ToolCall call) override;
  [[nodiscard]] boost::asio::awaitable<Result<>> finish(std::string call_id,
                                                        std::string function_call_id,
                                                        std::string output) override;
  [[nodiscard]] boost::asio::awaitable<Result<>> sent(std::string call_id,
                                                      std::string function_call_id) override;

  /// Forgets a phone call that is over.
  void forget(const std::string& call_id);

 private:
  using Key = std::pair<std::string, std::string>;  ///< Phone call and function call.
  std::map<Key, Claim> known_;
};

}  // namespace offhook::agent
