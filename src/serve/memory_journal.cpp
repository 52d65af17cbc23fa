#include "serve/memory_journal.hpp"

namespace offhook::serve {

namespace asio = boost::asio;

asio::awaitable<Result<bool>> MemoryJournal::open_call(JournalCall call) {
  const std::string id = call.offer.id;
  co_return calls_.emplace(id, std::move(call)).second;
}

asio::awaitable<Result<>> MemoryJournal::end_call(JournalEnding ending) {
  calls_.erase(ending.call_id);
  ledger_.forget(ending.call_id);
  co_return Result<>{};
}

asio::awaitable<Result<>> MemoryJournal::name_call(std::string provisional, std::string call_id) {
  auto call = calls_.extract(provisional);
  if (call) {
    call.key() = call_id;
    call.mapped().offer.id = std::move(call_id);
    calls_.insert(std::move(call));
  }
  co_return Result<>{};
}

asio::awaitable<Result<std::vector<JournalCall>>> MemoryJournal::take_over(std::string call_id) {
  std::vector<JournalCall> live;
  for (const auto& [id, call] : calls_) {
    if (call_id.empty() || id == call_id) {
      live.push_back(call);
    }
  }
  co_return live;
}

asio::awaitable<Result<std::vector<PastUse>>> MemoryJournal::last_day() {
  co_return std::vector<PastUse>{};
}

}  // namespace offhook::serve
