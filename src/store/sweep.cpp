#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "store/journal_impl.hpp"
#include "store/retention.hpp"

namespace offhook::store {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t day_ms = 24LL * 3600 * 1000;
constexpr std::int64_t tolerated_step_ms = 3600LL * 1000;

}  // namespace

bool Journal::Impl::clock_was_set() {
  const auto now = std::chrono::steady_clock::now();
  const std::int64_t wall_ms = options_.now_ms();
  const std::int64_t passed_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now - last_sweep_).count();
  const std::int64_t step_ms = wall_ms - last_sweep_ms_ - passed_ms;
  last_sweep_ = now;
  last_sweep_ms_ = wall_ms;
  return std::abs(step_ms) > tolerated_step_ms;
}

asio::awaitable<Result<std::vector<std::int64_t>>> Journal::Impl::old_calls(std::string_view sql,
                                                                            int days) {
  const std::int64_t before_ms = options_.now_ms() - days * day_ms;
  return read<std::vector<std::int64_t>>(
      [sql, before_ms](JournalReader& reader) { return reader.calls_with(sql, before_ms); });
}

asio::awaitable<Result<>> Journal::Impl::sweep_children(Retention retention, Swept& swept) {
  for (const SweepStep& step : child_steps) {
    const std::optional<int> days = retention.*step.days;
    while (days) {
      const auto rows = co_await old_calls(step.find_sql, *days);
      if (!rows) {
        co_return fail(rows.error());
      }
      if (rows->empty()) {
        break;
      }
      for (std::size_t i = 0; i < rows->size();) {
        const RowChange remove = [sql = step.delete_sql, row = (*rows)[i]](Database& database) {
          return database.run(sql, {row});
        };
        const auto removed = co_await durable<std::int64_t>(remove);
        if (!removed) {
          co_return fail(removed.error());
        }
        swept.rows += *removed;
        i += *removed == 0 ? 1U : 0U;
      }
    }
  }
  co_return Result<>{};
}

asio::awaitable<Result<>> Journal::Impl::sweep_calls(Retention retention, Swept& swept) {
  struct Step {
    std::optional<int> days;
    std::string_view find_sql;
    Result<std::int64_t> (*change)(Database&, const std::vector<std::int64_t>&);
    std::int64_t* count;
  };
  std::int64_t released = 0;
  const std::array<Step, 2> steps{
      {{retention.recordings, find_recordings_sql, release_recordings, &released},
       {retention.calls, find_calls_sql, delete_calls, &swept.calls}}};
  for (const Step& step : steps) {
    while (step.days) {
      const auto rows = co_await old_calls(step.find_sql, *step.days);
      if (!rows) {
        co_return fail(rows.error());
      }
      if (rows->empty()) {
        break;
      }
      const RowChange change = [change_rows = step.change, rows = *rows](Database& database) {
        return change_rows(database, rows);
      };
      const auto changed = co_await durable<std::int64_t>(change);
      if (!changed) {
        co_return fail(changed.error());
      }
      *step.count += *changed;
    }
  }
  co_return Result<>{};
}

asio::awaitable<Result<>> Journal::Impl::vacuum() {
  std::int64_t left_before = 0;
  for (;;) {
    const RowChange vacuum_piece = vacuum_some;
    const auto left = co_await durable<std::int64_t>(vacuum_piece);
    if (!left) {
      co_return fail(left.error());
    }
    if (*left == 0 || *left == left_before) {
      co_return Result<>{};
    }
    left_before = *left;
  }
}

asio::awaitable<Result<Swept>> Journal::Impl::sweep(Retention retention) {
  Swept swept;
  if (!clock_was_set()) {
    retention = effective(retention);
    const auto children = co_await sweep_children(retention, swept);
    if (!children) {
      co_return fail(children.error());
    }
    const auto calls = co_await sweep_calls(retention, swept);
    if (!calls) {
      co_return fail(calls.error());
    }
    const auto vacuumed = co_await vacuum();
    if (!vacuumed) {
      co_return fail(vacuumed.error());
    }
  }
  const std::function<Result<std::vector<std::string>>(JournalReader&)> doomed =
      [](JournalReader& reader) { return reader.doomed_files(); };
  auto files = co_await read<std::vector<std::string>>(doomed);
  if (!files) {
    co_return fail(files.error());
  }
  swept.files = std::move(*files);
  co_return swept;
}

}  // namespace offhook::store
