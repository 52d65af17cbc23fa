#include "serve/memory_journal.hpp"

namespace offhook::serve {

namespace asio = boost::asio;

asio::awaitable<Result<bool>> MemoryJournal::open_call(JournalCall call) {
  const std::string id = call.offer.id;
  co_return calls_.emplace(id, std::move(call)).second;
}

asio::awaitable<Result<>> MemoryJournal::end_call(JournalEnding ending) {
  calls_.erase(ending.call_id);
  std::erase_if(tools_, [&](const auto& tool) { return tool.first.first == ending.call_id; });
  co_return Result<>{};
}

asio::awaitable<Result<std::vector<JournalCall>>> MemoryJournal::live_calls() {
  std::vector<JournalCall> live;
  for (const auto& [id, call] : calls_) {
    live.push_back(call);
  }
  co_return live;
}

asio::awaitable<Result<agent::ToolLedger::Claim>> MemoryJournal::claim(agent::ToolCall call) {
  const auto [found, fresh] = tools_.emplace(ToolKey{call.call_id, call.function_call_id}, Claim{});
  Claim before = found->second;
  if (fresh) {
    found->second.before = State::claimed;
  }
  co_return before;
}

asio::awaitable<Result<>> MemoryJournal::finish(std::string call_id,
                                                std::string function_call_id,
                                                std::string output) {
  tools_[{call_id, function_call_id}] = {State::done, std::move(output)};
  co_return Result<>{};
}

asio::awaitable<Result<>> MemoryJournal::sent(std::string call_id, std::string function_call_id) {
  tools_[{call_id, function_call_id}].before = State::sent;
  co_return Result<>{};
}

}  // namespace offhook::serve
