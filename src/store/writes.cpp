#include "store/writes.hpp"

#include <utility>

#include <unistd.h>

namespace offhook::store {
namespace {

constexpr auto claimed = static_cast<std::int64_t>(ToolState::claimed);
constexpr auto done = static_cast<std::int64_t>(ToolState::done);
constexpr auto sent = static_cast<std::int64_t>(ToolState::sent);

Value value_of(std::optional<double> number) { return number ? Value{*number} : Value{nullptr}; }

/// The number of the call's row.
Result<std::int64_t> row_of(Database& database, std::string_view call_id) {
  std::int64_t row = 0;
  const auto asked = database.query("SELECT id FROM call WHERE call_id = ?", {call_id},
                                    [&](const Row& found) { row = found.integer(0); });
  if (!asked) {
    return fail(asked.error());
  }
  if (row == 0) {
    return fail(Errc::not_found, "the journal has no call " + std::string{call_id});
  }
  return row;
}

/// Nothing when a statement changed a row, else `not_found`.
Result<> expect_row(const Result<std::int64_t>& changed, std::string_view what) {
  if (!changed) {
    return fail(changed.error());
  }
  if (*changed == 0) {
    return fail(Errc::not_found, "the journal has no " + std::string{what});
  }
  return {};
}

}  // namespace

Result<std::int64_t> begin_run(Database& database, std::int64_t now_ms) {
  std::int64_t run = 0;
  const auto begun = database.query("INSERT INTO run(pid, began_at) VALUES(?, ?) RETURNING id",
                                    {static_cast<std::int64_t>(::getpid()), now_ms},
                                    [&](const Row& row) { run = row.integer(0); });
  if (!begun) {
    return fail(begun.error());
  }
  return run;
}

Result<> write_probe(Database& database) {
  const auto written = database.run("INSERT OR REPLACE INTO probe VALUES(1, randomblob(16384))");
  return written ? Result<>{} : fail(written.error());
}

Result<OpenedCall> open_call(Database& database, const NewCall& call, Stamp stamp) {
  OpenedCall opened;
  const auto known = database.query(
      "SELECT call_id FROM call WHERE call_id = ?1 OR webhook_id = ?2 "
      "UNION ALL SELECT call_id FROM call WHERE sip_call_id = ?3 AND ended_at IS NULL LIMIT 1",
      {call.call_id, text_or_null(call.webhook_id), text_or_null(call.sip_call_id)},
      [&](const Row& row) { opened.call_id = row.text(0); });
  if (!known) {
    return fail(known.error());
  }
  if (!opened.call_id.empty()) {
    return opened;
  }
  const auto inserted = database.run(
      "INSERT INTO call(call_id, api, webhook_id, sip_call_id, agent, model, caller, called, "
      "detail, recording, direction, run, began_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {call.call_id, call.api, text_or_null(call.webhook_id), text_or_null(call.sip_call_id),
       call.agent, call.model, call.caller, call.called, call.detail, text_or_null(call.recording),
       call.direction, stamp.run, stamp.now_ms});
  if (!inserted) {
    return fail(inserted.error());
  }
  return OpenedCall{true, call.call_id};
}

Result<> name_call(Database& database, std::string_view provisional, std::string_view call_id) {
  return expect_row(
      database.run("UPDATE call SET call_id = ?2 WHERE call_id = ?1", {provisional, call_id}),
      "call " + std::string{provisional});
}

Result<bool> take_over(Database& database,
                       std::string_view call_id,
                       std::int64_t from,
                       Stamp stamp) {
  const auto changed =
      database.run("UPDATE call SET run = ?3 WHERE call_id = ?1 AND run = ?2 AND ended_at IS NULL",
                   {call_id, from, stamp.run});
  if (!changed) {
    return fail(changed.error());
  }
  return *changed > 0;
}

Result<> end_call(Database& database, const CallEnding& ending, Stamp stamp) {
  const auto row = row_of(database, ending.call_id);
  if (!row) {
    return fail(row.error());
  }
  const auto changed = database.run(
      "UPDATE call SET ended_at = ?2, outcome = ?3, reason = ?4 WHERE id = ?1 AND ended_at IS NULL",
      {*row, stamp.now_ms, ending.outcome, ending.reason});
  if (!changed) {
    return fail(changed.error());
  }
  return *changed == 0 ? Result<>{}
                       : update_usage(database, ending.call_id, ending.usage, ending.cost);
}

Result<ToolClaim> claim_tool(Database& database, const NewTool& tool, Stamp stamp) {
  const auto row = row_of(database, tool.call_id);
  if (!row) {
    return fail(row.error());
  }
  ToolClaim claim;
  std::int64_t claimed_by = 0;
  const auto known = database.query(
      "SELECT state, run, attempt, output FROM tool WHERE call = ? AND function_call_id = ?",
      {*row, tool.function_call_id}, [&](const Row& found) {
        claim.before = static_cast<ToolState>(found.integer(0));
        claimed_by = found.integer(1);
        claim.attempt = static_cast<int>(found.integer(2));
        claim.output = found.text(3);
      });
  if (!known) {
    return fail(known.error());
  }
  Result<std::int64_t> written = 0;
  if (claim.before == ToolState::fresh) {
    written = database.run(
        "INSERT INTO tool(call, function_call_id, run, name, arguments, policy, state, attempt, "
        "claimed_at) VALUES(?, ?, ?, ?, ?, ?, ?, 1, ?)",
        {*row, tool.function_call_id, stamp.run, tool.name, tool.arguments, tool.policy, claimed,
         stamp.now_ms});
  } else if (claim.before == ToolState::claimed && claimed_by != stamp.run) {
    ++claim.attempt;
    written = database.run(
        "UPDATE tool SET run = ?3, attempt = attempt + 1, claimed_at = ?4 "
        "WHERE call = ?1 AND function_call_id = ?2",
        {*row, tool.function_call_id, stamp.run, stamp.now_ms});
  } else {
    claim.running = claim.before == ToolState::claimed;
  }
  if (!written) {
    return fail(written.error());
  }
  return claim;
}

Result<> finish_tool(Database& database,
                     std::string_view call_id,
                     std::string_view function_call_id,
                     std::string_view output,
                     Stamp stamp) {
  return expect_row(database.run("UPDATE tool SET output = iif(state = ?3, ?4, output), "
                                 "done_at = iif(state = ?3, ?5, done_at), state = max(state, ?6) "
                                 "WHERE call = (SELECT id FROM call WHERE call_id = ?1) "
                                 "AND function_call_id = ?2",
                                 {call_id, function_call_id, claimed, output, stamp.now_ms, done}),
                    "claimed function call " + std::string{function_call_id});
}

Result<> tool_sent(Database& database,
                   std::string_view call_id,
                   std::string_view function_call_id,
                   Stamp stamp) {
  return expect_row(database.run("UPDATE tool SET sent_at = coalesce(sent_at, ?5), state = ?4 "
                                 "WHERE call = (SELECT id FROM call WHERE call_id = ?1) "
                                 "AND function_call_id = ?2 AND state >= ?3",
                                 {call_id, function_call_id, done, sent, stamp.now_ms}),
                    "finished function call " + std::string{function_call_id});
}

Result<> append_event(Database& database,
                      std::string_view call_id,
                      const Event& event,
                      Stamp stamp) {
  return expect_row(
      database.run("INSERT INTO event(call, run, at_ms, direction, type, json, bytes) "
                   "SELECT id, ?, ?, ?, ?, ?, ? FROM call WHERE call_id = ?",
                   {stamp.run, event.at_ms, event.direction, event.type, text_or_null(event.json),
                    event.bytes, call_id}),
      "call " + std::string{call_id});
}

Result<> append_line(Database& database,
                     std::string_view call_id,
                     const TranscriptLine& line,
                     Stamp stamp) {
  return expect_row(
      database.run("INSERT INTO line(call, run, at_ms, who, text, interrupted, gap_ms) "
                   "SELECT id, ?, ?, ?, ?, ?, ? FROM call WHERE call_id = ?",
                   {stamp.run, line.at_ms, line.who, line.text,
                    static_cast<std::int64_t>(line.interrupted), value_of(line.gap_ms), call_id}),
      "call " + std::string{call_id});
}

Result<> update_usage(Database& database,
                      std::string_view call_id,
                      const Usage& usage,
                      std::optional<double> cost) {
  return expect_row(
      database.run(
          "UPDATE call SET input_text_tokens = ?, input_audio_tokens = ?, cached_tokens = ?, "
          "output_text_tokens = ?, output_audio_tokens = ?, live_seconds = ?, seconds = ?, "
          "cost = ? WHERE call_id = ?",
          {usage.input_text_tokens, usage.input_audio_tokens, usage.cached_tokens,
           usage.output_text_tokens, usage.output_audio_tokens, usage.live_seconds, usage.seconds,
           value_of(cost), call_id}),
      "call " + std::string{call_id});
}

}  // namespace offhook::store
