#pragma once

#include "serve/call_journal.hpp"
#include "store/records.hpp"

namespace offhook::serve {

// What the journal keeps of a call, there and back: a restart gets the offer as it was.
[[nodiscard]] store::NewCall to_stored(const JournalCall& call);
[[nodiscard]] JournalCall from_stored(const store::Call& call);
[[nodiscard]] agent::Usage from_stored(const store::Usage& usage);
[[nodiscard]] agent::ToolLedger::Unfinished from_stored(const std::string& call_id,
                                                        const store::Tool& tool);
[[nodiscard]] store::Usage to_stored(const agent::Usage& usage, double seconds);

}  // namespace offhook::serve
