#include "store/retention.hpp"

#include <algorithm>

namespace offhook::store {

// The texts of one kind, from the name of its table.
#define OFFHOOK_CHILD_STEP(kind, table)                                                           \
  SweepStep {                                                                                     \
    &Retention::kind,                                                                             \
        "SELECT id FROM call WHERE ended_at < ?1 AND EXISTS(SELECT 1 FROM " table " WHERE " table \
        ".call = call.id) LIMIT 64",                                                              \
        "DELETE FROM " table " WHERE id IN (SELECT id FROM " table " WHERE call = ?1 LIMIT 1000)" \
  }
const std::array<SweepStep, 3> child_steps{OFFHOOK_CHILD_STEP(events, "event"),
                                           OFFHOOK_CHILD_STEP(transcripts, "line"),
                                           OFFHOOK_CHILD_STEP(tools, "tool")};
#undef OFFHOOK_CHILD_STEP

const std::string_view find_calls_sql = "SELECT id FROM call WHERE ended_at < ?1 LIMIT 500";
const std::string_view find_recordings_sql =
    "SELECT id FROM call WHERE ended_at < ?1 AND recording IS NOT NULL LIMIT 500";

Retention effective(Retention retention) {
  if (retention.calls) {
    for (auto* days :
         {&retention.transcripts, &retention.events, &retention.tools, &retention.recordings}) {
      *days = std::min(days->value_or(*retention.calls), *retention.calls);
    }
  }
  return retention;
}

Result<std::int64_t> release_recordings(Database& database, const std::vector<std::int64_t>& rows) {
  for (const std::int64_t row : rows) {
    const auto doomed = database.run(
        "INSERT OR IGNORE INTO doomed_file SELECT recording FROM call WHERE id = ? AND "
        "recording IS NOT NULL",
        {row});
    if (!doomed) {
      return doomed;
    }
    if (auto released = database.run("UPDATE call SET recording = NULL WHERE id = ?", {row});
        !released) {
      return released;
    }
  }
  return static_cast<std::int64_t>(rows.size());
}

Result<std::int64_t> delete_calls(Database& database, const std::vector<std::int64_t>& rows) {
  for (const std::int64_t row : rows) {
    if (auto deleted = database.run("DELETE FROM call WHERE id = ?", {row}); !deleted) {
      return deleted;
    }
  }
  return static_cast<std::int64_t>(rows.size());
}

Result<> forget_files(Database& database, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    if (const auto done = database.run("DELETE FROM doomed_file WHERE path = ?", {file}); !done) {
      return fail(done.error());
    }
  }
  return {};
}

Result<std::int64_t> vacuum_some(Database& database) {
  if (const auto done = database.query("PRAGMA incremental_vacuum(1000)", {}, {}); !done) {
    return fail(done.error());
  }
  std::int64_t left = 0;
  const auto asked =
      database.query("PRAGMA freelist_count", {}, [&](const Row& row) { left = row.integer(0); });
  if (!asked) {
    return fail(asked.error());
  }
  return left;
}

}  // namespace offhook::store
