#include "store/journal_reader.hpp"

#include <algorithm>
#include <utility>

#include "store/schema.hpp"

namespace offhook::store {
namespace {

// Columns as `read_call` takes them. The macro keeps the statements literals.
#define OFFHOOK_CALL_COLUMNS                                                                   \
  "SELECT id, call_id, api, webhook_id, sip_call_id, agent, model, caller, called, detail, "   \
  "recording, ended_at IS NULL, began_at, ended_at, outcome, reason, input_text_tokens, "      \
  "input_audio_tokens, cached_tokens, output_text_tokens, output_audio_tokens, live_seconds, " \
  "seconds, cost, direction, run, (SELECT count(*) FROM line WHERE line.call = call.id), "     \
  "(SELECT count(*) FROM tool WHERE tool.call = call.id) FROM call "

constexpr std::string_view calls_sql = OFFHOOK_CALL_COLUMNS
    "WHERE (NOT ?1 OR ended_at IS NULL) AND began_at >= ?2 AND (?3 IS NULL OR agent = ?3) "
    "AND (?4 IS NULL OR caller = ?4) AND (?5 IS NULL OR direction = ?5) ORDER BY id DESC LIMIT ?6";
constexpr std::string_view call_sql = OFFHOOK_CALL_COLUMNS "WHERE id = ?";
constexpr std::string_view live_sql = OFFHOOK_CALL_COLUMNS "WHERE ended_at IS NULL ORDER BY id";
#undef OFFHOOK_CALL_COLUMNS

Call read_call(const Row& row) {
  Call call;
  call.info = {row.text(1), row.text(2), row.text(3), row.text(4),  row.text(5), row.text(6),
               row.text(7), row.text(8), row.text(9), row.text(10), row.text(24)};
  call.live = row.integer(11) != 0;
  call.began_at_ms = row.integer(12);
  call.ended_at_ms = row.integer(13);
  call.outcome = row.text(14);
  call.reason = row.text(15);
  call.usage = {row.integer(16), row.integer(17), row.integer(18), row.integer(19),
                row.integer(20), row.real(21),    row.real(22)};
  if (!row.null(23)) {
    call.cost = row.real(23);
  }
  call.run = row.integer(25);
  call.lines = row.integer(26);
  call.tools = row.integer(27);
  return call;
}

UsageSums read_sums(const Row& row, int first) {
  return {row.integer(first), row.integer(first + 1), row.real(first + 2), row.real(first + 3)};
}

}  // namespace

Result<JournalReader> JournalReader::open(const std::string& path) {
  auto database = open_for_reading(path);
  if (!database) {
    return fail(std::move(database).error());
  }
  return JournalReader{std::move(*database)};
}

Result<std::vector<Call>> JournalReader::calls(const CallFilter& filter) {
  std::vector<Call> calls;
  const auto asked =
      database_.query(calls_sql,
                      {static_cast<std::int64_t>(filter.live_only), filter.since_ms,
                       text_or_null(filter.agent), text_or_null(filter.caller),
                       text_or_null(filter.direction), static_cast<std::int64_t>(filter.limit)},
                      [&](const Row& row) { calls.push_back(read_call(row)); });
  if (!asked) {
    return fail(asked.error());
  }
  return calls;
}

Result<std::int64_t> JournalReader::find(std::string_view call_id) {
  std::vector<std::int64_t> rows;
  bool exact = false;
  const auto asked = database_.query(
      "SELECT id, call_id = ?1 FROM call WHERE substr(call_id, 1, length(?1)) = ?1 "
      "ORDER BY call_id = ?1 DESC LIMIT 2",
      {call_id}, [&](const Row& row) {
        rows.push_back(row.integer(0));
        exact = exact || row.integer(1) != 0;
      });
  if (!asked) {
    return fail(asked.error());
  }
  if (rows.empty() || call_id.empty()) {
    return fail(Errc::not_found, "the journal has no call " + std::string{call_id});
  }
  if (rows.size() > 1 && !exact) {
    return fail(Errc::not_found,
                "several calls begin with " + std::string{call_id} + ": give more of the id");
  }
  return rows.front();
}

Result<std::vector<Tool>> JournalReader::tools_of(std::int64_t row) {
  std::vector<Tool> tools;
  const auto asked = database_.query(
      "SELECT function_call_id, name, arguments, policy, state, attempt, output, claimed_at, "
      "done_at FROM tool WHERE call = ? ORDER BY id",
      {row}, [&](const Row& found) {
        tools.push_back({found.text(0), found.text(1), found.text(2), found.text(3),
                         static_cast<ToolState>(found.integer(4)),
                         static_cast<int>(found.integer(5)), found.text(6), found.integer(7),
                         found.integer(8)});
      });
  if (!asked) {
    return fail(asked.error());
  }
  return tools;
}

Result<CallStory> JournalReader::call(std::string_view call_id, std::size_t max_events) {
  const auto row = find(call_id);
  if (!row) {
    return fail(row.error());
  }
  CallStory story;
  Result<> asked =
      database_.query(call_sql, {*row}, [&](const Row& found) { story.call = read_call(found); });
  if (asked) {
    asked = database_.query(
        "SELECT who, text, at_ms, interrupted, run, gap_ms FROM line WHERE call = ? "
        "ORDER BY run, at_ms, id",
        {*row}, [&](const Row& found) {
          story.transcript.push_back({found.text(0), found.text(1), found.real(2),
                                      found.integer(3) != 0, found.integer(4)});
          if (!found.null(5)) {
            story.transcript.back().gap_ms = found.real(5);
          }
        });
  }
  if (asked) {
    asked = database_.query(
        "SELECT at_ms, direction, type, json, run, bytes FROM event WHERE call = ? ORDER BY id "
        "LIMIT ?",
        {*row, static_cast<std::int64_t>(max_events)}, [&](const Row& found) {
          story.events.push_back({found.real(0), found.text(1), found.text(2), found.text(3),
                                  found.integer(4), found.integer(5)});
        });
  }
  if (!asked) {
    return fail(asked.error());
  }
  auto tools = tools_of(*row);
  if (!tools) {
    return fail(tools.error());
  }
  story.tools = std::move(*tools);
  return story;
}

Result<std::vector<LiveCall>> JournalReader::live_calls() {
  std::vector<LiveCall> calls;
  std::vector<std::int64_t> rows;
  const auto asked = database_.query(live_sql, {}, [&](const Row& row) {
    rows.push_back(row.integer(0));
    calls.push_back({read_call(row), {}});
  });
  if (!asked) {
    return fail(asked.error());
  }
  for (std::size_t i = 0; i < calls.size(); ++i) {
    auto tools = tools_of(rows[i]);
    if (!tools) {
      return fail(tools.error());
    }
    std::erase_if(*tools, [](const Tool& tool) { return tool.state == ToolState::sent; });
    calls[i].unfinished = std::move(*tools);
  }
  return calls;
}

Result<bool> JournalReader::has(std::string_view call_id) {
  bool found = false;
  const auto asked = database_.query("SELECT 1 FROM call WHERE call_id = ?", {call_id},
                                     [&](const Row&) { found = true; });
  if (!asked) {
    return fail(asked.error());
  }
  return found;
}

Result<UsageSums> JournalReader::usage_since(std::int64_t since_ms,
                                             const std::optional<std::string>& caller) {
  UsageSums sums;
  const auto read = [&](const Row& row) { sums = read_sums(row, 0); };
  const auto asked =
      caller ? database_.query(
                   "SELECT count(*), sum(input_text_tokens + input_audio_tokens + "
                   "output_text_tokens + output_audio_tokens), total(seconds), total(cost) "
                   "FROM call WHERE caller = ?2 AND began_at >= ?1",
                   {since_ms, *caller}, read)
             : database_.query(
                   "SELECT count(*), sum(input_text_tokens + input_audio_tokens + "
                   "output_text_tokens + output_audio_tokens), total(seconds), total(cost) "
                   "FROM call WHERE began_at >= ?1",
                   {since_ms}, read);
  if (!asked) {
    return fail(asked.error());
  }
  return sums;
}

Result<std::vector<CallerUsage>> JournalReader::usage_by_caller(std::int64_t since_ms) {
  std::vector<CallerUsage> callers;
  const auto asked = database_.query(
      "SELECT caller, count(*), sum(input_text_tokens + input_audio_tokens + "
      "output_text_tokens + output_audio_tokens), total(seconds), total(cost) "
      "FROM call WHERE began_at >= ?1 AND ended_at NOT NULL AND direction = 'inbound' "
      "GROUP BY caller ORDER BY caller",
      {since_ms}, [&](const Row& row) {
        callers.push_back({row.text(0), read_sums(row, 1)});
      });
  if (!asked) {
    return fail(asked.error());
  }
  return callers;
}

Result<std::vector<std::int64_t>> JournalReader::calls_with(std::string_view sql,
                                                            std::int64_t ended_before_ms) {
  std::vector<std::int64_t> rows;
  const auto asked = database_.query(sql, {ended_before_ms},
                                     [&](const Row& row) { rows.push_back(row.integer(0)); });
  if (!asked) {
    return fail(asked.error());
  }
  return rows;
}

Result<std::vector<std::string>> JournalReader::doomed_files() {
  std::vector<std::string> files;
  const auto asked = database_.query("SELECT path FROM doomed_file ORDER BY path", {},
                                     [&](const Row& row) { files.push_back(row.text(0)); });
  if (!asked) {
    return fail(asked.error());
  }
  return files;
}

}  // namespace offhook::store
