#include "cli/dial_journal.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "agent/prices.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"

namespace offhook::cli {

namespace asio = boost::asio;

DialJournal::DialJournal(asio::any_io_executor executor,
                         const agent::AgentFile& file,
                         Timeline& timeline)
    : executor_{std::move(executor)}, file_{file}, timeline_{timeline} {}

Result<std::unique_ptr<DialJournal>> DialJournal::open(asio::any_io_executor executor,
                                                       const agent::AgentFile& file,
                                                       Timeline& timeline) {
  std::unique_ptr<DialJournal> made{new DialJournal{std::move(executor), file, timeline}};
  if (file.journal.empty()) {
    return made;
  }
  auto opened = store::Journal::open(file.journal, {.guest = true});
  if (!opened) {
    return fail(std::move(opened).error().with("journal"));
  }
  made->store_ = std::move(*opened);
  serve::StoredJournalOptions options;
  options.keep = file.keep;
  options.estimate = [&file](const std::string& model, const agent::Usage& usage) {
    return agent::estimate_cost(file.prices, model, usage);
  };
  made->stored_ = std::make_unique<serve::StoredJournal>(*made->store_, std::move(options));
  return made;
}

serve::CallJournal& DialJournal::journal() noexcept {
  return stored_ ? static_cast<serve::CallJournal&>(*stored_) : forgetful_;
}

void DialJournal::follow(std::string id) {
  writer_.emplace(journal(), std::move(id));
  subscription_ = timeline_.subscribe([this](const Mark& mark) { writer_->mark(mark); });
}

asio::awaitable<Result<serve::JournalCall>> DialJournal::take_over(std::string id) {
  auto found = co_await journal().take_over(id);
  if (!found) {
    co_return fail(std::move(found).error());
  }
  if (found->empty()) {
    co_return fail(Errc::not_found, file_.journal + " has no call " + id +
                                        " that lives and whose process is gone: see `offhook calls "
                                        "--live`");
  }
  serve::JournalCall call = std::move(found->front());
  if (call.offer.id.starts_with(serve::provisional_prefix)) {
    serve::JournalEnding ending = serve::never_named(call);
    Error never{Errc::not_found, ending.reason};
    const auto written = co_await journal().end_call(std::move(ending));
    co_return fail(written ? std::move(never) : written.error());
  }
  follow(call.offer.id);
  co_return call;
}

void DialJournal::expect(const call::DialOptions& options) {
  expected_.offer.api = agent::Api::live;
  expected_.offer.id = std::string{serve::provisional_prefix} + random_hex(16);
  expected_.agent = options.profile.name;
  expected_.model = options.profile.model;
  expected_.caller = options.trunk.caller_number;
  expected_.called = options.destination;
  expected_.began = unix_seconds();
  expected_.outbound = true;
}

void DialJournal::sweep() {
  if (stored_) {
    asio::co_spawn(executor_, sweep_once(), asio::detached);
  }
}

asio::awaitable<void> DialJournal::sweep_once() {
  const auto swept = co_await stored_->sweep();
  if (!swept) {
    mark_failure(swept.error());
  }
}

void DialJournal::mark_failure(const Error& error) {
  timeline_.mark("journal", "failed", {{"error", error.detail}});
}

asio::awaitable<void> DialJournal::placing() {
  const std::string id = expected_.offer.id;
  const auto opened = co_await journal().open_call(expected_);
  if (!opened) {
    mark_failure(opened.error());
  }
  follow(id);
}

void DialJournal::placed(const std::string& session_id) {
  // The sideband must not wait for the disk; what is written from now on comes behind this.
  asio::co_spawn(executor_, name(writer_->id(), session_id), asio::detached);
}

asio::awaitable<void> DialJournal::name(std::string provisional, std::string session_id) {
  writer_->set_id(session_id);
  const auto named = co_await journal().name_call(std::move(provisional), std::move(session_id));
  if (!named) {
    mark_failure(named.error());
  }
}

void DialJournal::message(std::string_view direction, std::string_view json, double at_ms) {
  writer_->message(direction, json, at_ms);
}

void DialJournal::said(const agent::TranscriptLine& line) { writer_->said(line); }

void DialJournal::used(const agent::Usage& usage) { writer_->usage(usage); }

asio::awaitable<void> DialJournal::ended(const call::DialReport& report) {
  if (!writer_) {
    co_return;
  }
  constexpr double ms_per_s = 1'000;
  serve::JournalEnding ending{writer_->id(), std::string{to_string(report.ending.result)},
                              report.ending.reason, report.duration_ms / ms_per_s, report.usage};
  const auto written = co_await journal().end_call(std::move(ending));
  if (!written) {
    mark_failure(written.error());
  }
}

}  // namespace offhook::cli
