#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "store/database.hpp"
#include "store/records.hpp"

/// The changes of a journal as statements. Each runs inside a transaction of the caller's.
namespace offhook::store {

/// Who writes, and when by the system's clock.
struct Stamp {
  std::int64_t run = 0;
  std::int64_t now_ms = 0;
};

/// Registers this process. @return its number.
[[nodiscard]] Result<std::int64_t> begin_run(Database& database, std::int64_t now_ms);

/// Writes about as many pages as a change does, each time others: proves that there is space.
[[nodiscard]] Result<> write_probe(Database& database);
[[nodiscard]] Result<OpenedCall> open_call(Database& database, const NewCall& call, Stamp stamp);
/// The API has told the id of a call that was opened under a provisional one.
[[nodiscard]] Result<> name_call(Database& database,
                                 std::string_view provisional,
                                 std::string_view call_id);
/// @param from  The run that had it. @return false: not any more, or it is over.
[[nodiscard]] Result<bool> take_over(Database& database,
                                     std::string_view call_id,
                                     std::int64_t from,
                                     Stamp stamp);
/// @return `not_found` for an unknown call; ending it twice changes nothing.
[[nodiscard]] Result<> end_call(Database& database, const CallEnding& ending, Stamp stamp);

/// @return `not_found` for an unknown call.
[[nodiscard]] Result<ToolClaim> claim_tool(Database& database, const NewTool& tool, Stamp stamp);
/// @return `not_found` when it was not claimed. The first output stays.
[[nodiscard]] Result<> finish_tool(Database& database,
                                   std::string_view call_id,
                                   std::string_view function_call_id,
                                   std::string_view output,
                                   Stamp stamp);
/// @return `not_found` when it was not finished.
[[nodiscard]] Result<> tool_sent(Database& database,
                                 std::string_view call_id,
                                 std::string_view function_call_id,
                                 Stamp stamp);

// These leave the database as it is, and return `not_found`, for unknown calls.
[[nodiscard]] Result<> append_event(Database& database,
                                    std::string_view call_id,
                                    const Event& event,
                                    Stamp stamp);
[[nodiscard]] Result<> append_line(Database& database,
                                   std::string_view call_id,
                                   const TranscriptLine& line,
                                   Stamp stamp);
[[nodiscard]] Result<> update_usage(Database& database,
                                    std::string_view call_id,
                                    const Usage& usage,
                                    std::optional<double> cost);

}  // namespace offhook::store
