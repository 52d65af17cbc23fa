#include "serve/stored_journal.hpp"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>

#include "base/clock.hpp"
#include "openai/event_type.hpp"
#include "serve/stored_call.hpp"
#include "serve/usage_window.hpp"

namespace offhook::serve {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t ms_per_s = 1'000;

std::optional<int> days(const agent::Retention& retention) {
  if (!retention.recorded || retention.keep.count() == 0) {
    return std::nullopt;
  }
  return static_cast<int>((retention.keep.count() + day_s - 1) / day_s);
}

}  // namespace

StoredJournal::StoredJournal(store::Journal& journal, StoredJournalOptions options)
    : journal_{journal}, options_{std::move(options)} {}

void StoredJournal::announce(const JournalCall& call) { journal_.announce(to_stored(call)); }

asio::awaitable<Result<bool>> StoredJournal::open_call(JournalCall call) {
  models_[call.offer.id] = call.model;
  auto opened = co_await journal_.open_call(to_stored(call));
  if (!opened) {
    co_return fail(std::move(opened).error());
  }
  co_return opened->fresh;
}

asio::awaitable<Result<>> StoredJournal::end_call(JournalEnding ending) {
  store::CallEnding ended{.call_id = ending.call_id,
                          .outcome = std::move(ending.outcome),
                          .reason = std::move(ending.reason),
                          .usage = to_stored(ending.usage, ending.seconds),
                          .cost = cost(ending.call_id, ending.usage)};
  models_.erase(ending.call_id);
  co_return co_await journal_.end_call(std::move(ended));
}

asio::awaitable<Result<>> StoredJournal::name_call(std::string provisional, std::string call_id) {
  if (auto model = models_.extract(provisional)) {
    models_[call_id] = std::move(model.mapped());
  }
  co_return co_await journal_.name_call(std::move(provisional), std::move(call_id));
}

asio::awaitable<Result<std::vector<JournalCall>>> StoredJournal::take_over(std::string call_id) {
  const bool all = call_id.empty();
  auto stored = co_await journal_.take_over(std::move(call_id));
  if (!stored) {
    co_return fail(std::move(stored).error());
  }
  std::vector<JournalCall> live;
  live.reserve(stored->size());
  for (const store::LiveCall& one : *stored) {
    live.push_back(from_stored(one.call));
    models_[live.back().offer.id] = live.back().model;
    for (const store::Tool& tool : one.unfinished) {
      unfinished_[live.back().offer.id].push_back(from_stored(live.back().offer.id, tool));
    }
  }
  if (all) {
    const auto announced = co_await journal_.take_announced();
    for (const store::NewCall& one : announced.value_or(std::vector<store::NewCall>{})) {
      live.push_back(from_stored({.info = one}));
      live.back().accept_in_doubt = true;
    }
  }
  co_return live;
}

asio::awaitable<Result<std::vector<PastUse>>> StoredJournal::last_day() {
  auto sums = co_await journal_.usage_by_caller((unix_seconds() - day_s) * ms_per_s);
  if (!sums) {
    co_return fail(std::move(sums).error());
  }
  std::vector<PastUse> past;
  for (const store::CallerUsage& one : *sums) {
    past.push_back({one.caller,
                    {.calls = static_cast<std::uint64_t>(one.sums.calls),
                     .seconds = static_cast<std::uint64_t>(one.sums.seconds),
                     .tokens = static_cast<std::uint64_t>(one.sums.tokens)}});
  }
  co_return past;
}

void StoredJournal::message(const std::string& call_id,
                            std::string_view direction,
                            std::string_view json,
                            double at_ms) {
  if (options_.keep.events.recorded) {
    store::Event event;
    event.at_ms = at_ms;
    event.direction = direction;
    event.type = openai::event_type(json);
    event.json = json;
    journal_.append_event(call_id, std::move(event));
  }
}

void StoredJournal::mark(const std::string& call_id, const Mark& mark) {
  if (options_.keep.events.recorded) {
    journal_.append_mark(call_id, mark);
  }
}

void StoredJournal::said(const std::string& call_id, const Said& line) {
  if (options_.keep.transcripts.recorded) {
    store::TranscriptLine stored;
    stored.who = line.who;
    stored.text = line.text;
    stored.at_ms = line.at_ms;
    stored.interrupted = line.interrupted;
    stored.gap_ms = line.gap_ms;
    journal_.append_transcript(call_id, std::move(stored));
  }
}

void StoredJournal::usage(const std::string& call_id, const agent::Usage& usage) {
  journal_.update_usage(call_id, to_stored(usage, 0), cost(call_id, usage));
}

JournalHealth StoredJournal::health() const {
  const store::JournalHealth health = journal_.health();
  return {.ok = health.ok,
          .why = health.why,
          .queue = health.queued,
          .commits = health.commits,
          .writes = health.writes,
          .failures = health.failed_commits + health.failed_writes + health.dropped,
          .outages = health.outages,
          .down = health.down};
}

void StoredJournal::watch(asio::any_io_executor executor,
                          std::function<void(const JournalChange&)> told) {
  if (!told) {
    journal_.watch({});
    return;
  }
  journal_.watch([executor = std::move(executor),
                  told = std::move(told)](const store::JournalChange& change) {
    asio::post(executor, [told, told_change = JournalChange{change.ok, change.why, change.lasted}] {
      told(told_change);
    });
  });
}

asio::awaitable<Result<>> StoredJournal::sweep() {
  const agent::KeepSettings& keep = options_.keep;
  const store::Retention retention{.calls = days(keep.calls),
                                   .transcripts = days(keep.transcripts),
                                   .events = days(keep.events),
                                   .tools = days(keep.tools),
                                   .recordings = {}};
  auto swept = co_await journal_.sweep(retention);
  if (!swept) {
    co_return fail(std::move(swept).error());
  }
  co_return Result<>{};
}

asio::awaitable<Result<agent::ToolLedger::Claim>> StoredJournal::claim(agent::ToolCall call) {
  store::NewTool tool;
  tool.call_id = call.call_id;
  tool.function_call_id = call.function_call_id;
  tool.name = call.name;
  tool.arguments = boost::json::serialize(call.arguments);
  auto claimed = co_await journal_.claim_tool(std::move(tool));
  if (!claimed) {
    co_return fail(std::move(claimed).error());
  }
  if (claimed->running) {
    co_return fail(Errc::refused, "this function call is being run already");
  }
  co_return Claim{static_cast<State>(claimed->before), std::move(claimed->output)};
}

asio::awaitable<Result<>> StoredJournal::finish(std::string call_id,
                                                std::string function_call_id,
                                                std::string output) {
  co_return co_await journal_.finish_tool(std::move(call_id), std::move(function_call_id),
                                          std::move(output));
}

asio::awaitable<Result<>> StoredJournal::sent(std::string call_id, std::string function_call_id) {
  co_return co_await journal_.tool_sent(std::move(call_id), std::move(function_call_id));
}

asio::awaitable<std::vector<agent::ToolLedger::Unfinished>> StoredJournal::unfinished(
    std::string call_id) {
  auto left = unfinished_.extract(call_id);
  co_return left ? std::move(left.mapped()) : std::vector<Unfinished>{};
}

std::optional<double> StoredJournal::cost(const std::string& call_id,
                                          const agent::Usage& usage) const {
  const auto model = models_.find(call_id);
  if (model == models_.end() || !options_.estimate) {
    return std::nullopt;
  }
  return options_.estimate(model->second, usage);
}

}  // namespace offhook::serve
