#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "store/database.hpp"
#include "store/records.hpp"

namespace offhook::store {

/// How one kind of row is got rid of: found on the reading connection, deleted in pieces on the
/// writing one, so that no commit of others waits long.
struct SweepStep {
  std::optional<int> Retention::*days;
  std::string_view find_sql;    ///< Ended before ?1 → numbers of calls, some at a time.
  std::string_view delete_sql;  ///< Deletes a piece of what call ?1 has.
};

/// Children come before their calls.
extern const std::array<SweepStep, 3> child_steps;
extern const std::string_view find_calls_sql;
extern const std::string_view find_recordings_sql;

/// The retention with nothing that outlives its call.
[[nodiscard]] Retention effective(Retention retention);

/// Each runs in a transaction of the caller's. @return how many went.
[[nodiscard]] Result<std::int64_t> delete_calls(Database& database,
                                                const std::vector<std::int64_t>& rows);
[[nodiscard]] Result<std::int64_t> release_recordings(Database& database,
                                                      const std::vector<std::int64_t>& rows);
[[nodiscard]] Result<> forget_files(Database& database, const std::vector<std::string>& files);
/// Gives a piece of the free pages back to the file system. @return how many are left.
[[nodiscard]] Result<std::int64_t> vacuum_some(Database& database);

}  // namespace offhook::store
