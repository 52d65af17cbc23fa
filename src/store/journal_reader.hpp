#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "store/database.hpp"
#include "store/records.hpp"

namespace offhook::store {

/// Reads a journal, also one that another process is writing. Blocking; one thread at a time.
class JournalReader {
 public:
  /// @return `not_found` when there is no such file, `invalid_argument` when it is no journal.
  [[nodiscard]] static Result<JournalReader> open(const std::string& path);

  /// Latest first.
  [[nodiscard]] Result<std::vector<Call>> calls(const CallFilter& filter);

  /// @param call_id  Or its beginning, when only one call begins so.
  /// @return `not_found`, also when several begin so.
  [[nodiscard]] Result<CallStory> call(std::string_view call_id, std::size_t max_events = 10'000);

  [[nodiscard]] Result<std::vector<LiveCall>> live_calls();
  [[nodiscard]] Result<bool> has(std::string_view call_id);

  /// Sums of the calls that began since then. @param caller  Nothing: all callers.
  [[nodiscard]] Result<UsageSums> usage_since(std::int64_t since_ms,
                                              const std::optional<std::string>& caller);
  [[nodiscard]] Result<std::vector<CallerUsage>> usage_by_caller(std::int64_t since_ms);

  /// Rows of ended calls of which a kind is to be deleted; for `sweep`.
  [[nodiscard]] Result<std::vector<std::int64_t>> calls_with(std::string_view sql,
                                                             std::int64_t ended_before_ms);
  /// Recordings that retention has given up.
  [[nodiscard]] Result<std::vector<std::string>> doomed_files();

 private:
  explicit JournalReader(Database database) : database_{std::move(database)} {}
  [[nodiscard]] Result<std::int64_t> find(std::string_view call_id);
  [[nodiscard]] Result<std::vector<Tool>> tools_of(std::int64_t row);
  Database database_;
};

}  // namespace offhook::store
