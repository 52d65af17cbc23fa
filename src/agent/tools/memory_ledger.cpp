#include "agent/tools/memory_ledger.hpp"

#include <utility>

namespace offhook::agent {

namespace asio = boost::asio;

asio::awaitable<Result<ToolLedger::Claim>> MemoryLedger::claim(ToolCall call) {
  Key key{std::move(call.call_id), std::move(call.function_call_id)};
  Claim now;
  now.before = State::claimed;
  const auto [known, is_new] = known_.try_emplace(std::move(key), now);
  Claim before;
  if (!is_new) {
    before = known->second;
  }
  co_return before;
}

asio::awaitable<Result<>> MemoryLedger::finish(std::string call_id,
                                               std::string function_call_id,
                                               std::string output) {
  Claim done;
  done.before = State::done;
  done.output = std::move(output);
  Key key{std::move(call_id), std::move(function_call_id)};
  const auto known = known_.find(key);
  if (known == known_.end()) {
    co_return fail(Errc::not_found, "function call " + key.second + " was not claimed");
  }
  if (known->second.before == State::claimed) {  // the first result stays
    known->second = std::move(done);
  }
  co_return Result<>{};
}

asio::awaitable<Result<>> MemoryLedger::sent(std::string call_id, std::string function_call_id) {
  const Key key{std::move(call_id), std::move(function_call_id)};
  const auto known = known_.find(key);
  if (known == known_.end() || known->second.before == State::claimed) {
    co_return fail(Errc::not_found, "function call " + key.second + " has no result yet");
  }
  known->second.before = State::sent;
  co_return Result<>{};
}

void MemoryLedger::forget(const std::string& call_id) {
  std::erase_if(known_, [&](const auto& entry) { return entry.first.first == call_id; });
}

}  // namespace offhook::agent
