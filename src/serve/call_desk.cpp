#include "serve/call_desk.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/clock.hpp"
#include "base/race.hpp"
#include "base/random.hpp"
#include "serve/active_call.hpp"
#include "serve/outcome.hpp"

namespace offhook::serve {

namespace asio = boost::asio;
namespace json = boost::json;
using std::chrono::milliseconds;
using Clock = Timeline::Clock;
using End = agent::ConversationEnd;

namespace {

constexpr std::string_view goodbye =
    "Tell the caller in one short sentence that the service has to close now, and say goodbye.";
constexpr milliseconds most_goodbye_time{12'000};
/// For the BYEs of the last calls to be told to the API.
constexpr milliseconds hang_up_time{2'000};

}  // namespace

/// Shared with every coroutine of a call. What it refers to is not: once the desk is gone, its
/// executor must not run any more.
class CallDesk::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(CallDeskServices services, CallDeskOptions options)
      : services_{std::move(services)},
        options_{options},
        decider_{options.decider},
        held_timer_{services_.executor},
        idle_{services_.executor} {}

  void on_webhook(openai::WebhookEvent event, std::string webhook_id);
  void know(const std::vector<JournalCall>& calls);
  static asio::awaitable<std::size_t> resume_calls(std::shared_ptr<Impl> self,
                                                   std::vector<JournalCall> calls);
  static asio::awaitable<void> drain(std::shared_ptr<Impl> self, milliseconds limit, DrainEnd end);
  void refuse_new_calls();
  void let_go();

  [[nodiscard]] ActiveCall* find_active(std::string_view id) {
    const auto found = active_.find(id);
    return found == active_.end() ? nullptr : found->second.get();
  }
  [[nodiscard]] const CallRecord* find_record(std::string_view id) const;
  [[nodiscard]] std::vector<CallRecord> records() const;
  [[nodiscard]] const Decider& decider() const { return decider_; }
  [[nodiscard]] std::size_t live() const { return active_.size(); }

 private:
  using Self = std::shared_ptr<Impl>;
  using Call = std::shared_ptr<ActiveCall>;

  void obey(Decision decision);
  void take(Decision decision);
  void arm_held_timer();
  void errand_done() {
    --errands_;
    idle_.notify();
  }
  Call begin(const Offer& offer,
             const agent::AgentProfile& profile,
             Parties parties,
             ActiveCall::Earlier earlier);
  void end(const Call& call, const agent::ConversationResult& result);
  static asio::awaitable<void> run(Self self, Call call, bool resumed);
  static asio::awaitable<void> write_opening(Self self,
                                             std::weak_ptr<ActiveCall> call,
                                             JournalCall entry);
  static asio::awaitable<void> write_ending(Self self, JournalEnding ending);
  static asio::awaitable<void> let_go(Self self, JournalCall entry);
  static asio::awaitable<void> hang_up(Self self, agent::Api api, std::string id);
  static asio::awaitable<void> reject(Self self, Decision decision);
  static asio::awaitable<bool> until_idle(Self self, milliseconds limit);

  CallDeskServices services_;
  CallDeskOptions options_;
  Decider decider_;
  std::map<std::string, Call, std::less<>> active_;
  std::deque<CallRecord> ended_;
  asio::steady_timer held_timer_;
  net::Event idle_;
  std::size_t errands_ = 0;  ///< Rejections and journal entries under way.
};

void CallDesk::Impl::on_webhook(openai::WebhookEvent event, std::string webhook_id) {
  auto offer = offer_of(std::move(event), webhook_id);
  if (!offer) {
    services_.metrics.webhooks.add("other");
    services_.feed.publish({}, "webhook", {{"outcome", "other"}, {"webhook_id", webhook_id}});
    return;
  }
  obey(decider_.on_offer(std::move(*offer), services_.policy, Clock::now(), unix_seconds()));
  arm_held_timer();
}

void CallDesk::Impl::obey(Decision decision) {
  services_.metrics.webhooks.add(to_string(decision.action));
  if (decision.action == Action::take) {
    take(std::move(decision));
    return;
  }
  json::object told{{"outcome", to_string(decision.action)},
                    {"api", to_string(decision.offer.api)},
                    {"webhook_id", decision.offer.webhook_id}};
  if (!decision.why.empty()) {
    told["why"] = decision.why;
  }
  if (decision.action == Action::reject) {
    told["sip_status"] = decision.sip_status;
    const Parties parties = services_.policy.parties(decision.offer);
    told["caller"] = parties.caller;
    told["called"] = parties.called;
  }
  services_.feed.publish(decision.offer.id, "webhook", std::move(told));
  if (decision.action == Action::reject) {
    ++errands_;
    asio::co_spawn(services_.executor, reject(shared_from_this(), std::move(decision)),
                   asio::detached);
  }
}

void CallDesk::Impl::take(Decision decision) {
  const auto call = begin(decision.offer, *decision.agent, services_.policy.parties(decision.offer),
                          ActiveCall::Earlier{});
  const CallRecord& record = call->record();
  JournalCall entry{std::move(decision.offer),
                    record.agent,
                    decision.agent->model,
                    record.caller,
                    record.called,
                    record.began};
  services_.journal.announce(entry);
  // The accept first: its request is on its way before the journal has anything to do.
  asio::co_spawn(services_.executor, run(shared_from_this(), call, false), asio::detached);
  services_.feed.publish(record.id, "incoming",
                         {{"api", to_string(record.api)},
                          {"agent", record.agent},
                          {"caller", record.caller},
                          {"called", record.called},
                          {"sip_call_id", record.sip_call_id}});
  asio::co_spawn(services_.executor, write_opening(shared_from_this(), call, std::move(entry)),
                 asio::detached);
}

CallDesk::Impl::Call CallDesk::Impl::begin(const Offer& offer,
                                           const agent::AgentProfile& profile,
                                           Parties parties,
                                           ActiveCall::Earlier earlier) {
  auto call = std::make_shared<ActiveCall>(
      ActiveCall::Parts{services_.journal, services_.feed, services_.metrics, services_.policy,
                        services_.make_conversation},
      offer, profile, std::move(parties), Clock::now(), earlier);
  active_[offer.id] = call;
  return call;
}

asio::awaitable<void> CallDesk::Impl::run(Self self, Call call, bool resumed) {
  Settled<agent::ConversationResult> settled;
  if (resumed) {
    settled = co_await settle(call->conversation().resume());
  } else {
    settled = co_await settle(call->conversation().run());
  }
  agent::ConversationResult result;
  if (settled.value) {
    result = std::move(*settled.value);
  } else {
    result.end = agent::ConversationEnd::sideband_lost;
    result.reason = "internal error: " + what_of(settled.failure);
    self->services_.metrics.errors.add("internal");
  }
  self->end(call, result);
}

void CallDesk::Impl::end(const Call& call, const agent::ConversationResult& result) {
  CallRecord& record = call->record();
  record.state = CallState::ended;
  record.ended = unix_seconds();
  record.outcome = to_string(result.end);
  record.reason = result.reason;
  if (result.usage.tokens() > 0 || result.usage.live_seconds > 0) {
    record.usage = result.usage;
  }
  // The wall clock may be set meanwhile; only what an earlier process began is measured by it.
  const double seconds =
      record.resumed ? std::max(call->seconds(), static_cast<double>(record.ended - record.began))
                     : call->seconds();
  const auto whole = std::chrono::seconds{static_cast<std::int64_t>(seconds)};
  Metrics& metrics = services_.metrics;
  metrics.calls.add(record.outcome);
  call->count_end(result.end == End::sideband_lost);
  metrics.duration_s.observe(seconds);
  metrics.input_tokens += record.usage.input_text_tokens + record.usage.input_audio_tokens;
  metrics.output_tokens += record.usage.output_text_tokens + record.usage.output_audio_tokens;
  metrics.live_seconds += record.usage.live_seconds;
  services_.feed.publish(record.id, "ended",
                         {{"outcome", record.outcome},
                          {"reason", record.reason},
                          {"seconds", whole.count()},
                          {"usage", to_json(record.usage)}});
  services_.policy.ended(record.id, whole, record.usage.tokens());
  if (result.end != agent::ConversationEnd::released) {
    ++errands_;
    asio::co_spawn(services_.executor,
                   write_ending(shared_from_this(),
                                {record.id, record.outcome, record.reason, seconds, record.usage}),
                   asio::detached);
  }
  if (result.may_be_up) {
    ++errands_;
    asio::co_spawn(services_.executor, hang_up(shared_from_this(), record.api, record.id),
                   asio::detached);
  }
  ended_.push_front(record);
  if (ended_.size() > options_.remember_ended) {
    ended_.pop_back();
  }
  active_.erase(record.id);
  idle_.notify();
}

asio::awaitable<void> CallDesk::Impl::write_opening(Self self,
                                                    std::weak_ptr<ActiveCall> weak,
                                                    JournalCall entry) {
  const std::string id = entry.offer.id;
  ++self->errands_;
  const auto fresh = co_await self->services_.journal.open_call(std::move(entry));
  self->errand_done();
  if (!fresh) {
    self->services_.metrics.errors.add("journal");
    self->services_.feed.publish(id, "journal_failed", {{"why", fresh.error().detail}});
    co_return;
  }
  const auto call = weak.lock();
  if (!*fresh && call) {
    // Somebody with the same journal has this call. Its accept was the first, or ours was and
    // theirs fails: either way one of the two holds it, and it must not be us who runs tools twice.
    self->services_.metrics.webhooks.add("duplicate");
    self->services_.feed.publish(id, "duplicate", {{"why", "the journal has this call already"}});
    call->conversation().release();
  }
}

asio::awaitable<void> CallDesk::Impl::write_ending(Self self, JournalEnding ending) {
  const std::string id = ending.call_id;
  const auto written = co_await self->services_.journal.end_call(std::move(ending));
  self->errand_done();
  if (!written) {
    self->services_.metrics.errors.add("journal");
    self->services_.feed.publish(id, "journal_failed", {{"why", written.error().detail}});
  }
}

/// Of a call that nobody looks after any more: nobody would limit or end it.
asio::awaitable<void> CallDesk::Impl::hang_up(Self self, agent::Api api, std::string id) {
  const auto done = co_await self->services_.hang_up(api, id);
  if (!done) {
    self->services_.feed.publish(id, "hang_up_failed", {{"why", done.error().detail}});
  }
  self->errand_done();
}

/// Its agent is gone.
asio::awaitable<void> CallDesk::Impl::let_go(Self self, JournalCall entry) {
  const std::string id = entry.offer.id;
  if (entry.accept_in_doubt) {
    const std::weak_ptr<ActiveCall> nobody;
    co_await write_opening(self, nobody, entry);
  }
  ++self->errands_;
  co_await hang_up(self, entry.offer.api, id);
  JournalEnding gone{id, std::string{to_string(End::sideband_lost)},
                     "there is no agent " + entry.agent + " any more",
                     static_cast<double>(std::max<std::int64_t>(0, unix_seconds() - entry.began)),
                     entry.used};
  co_await write_ending(self, std::move(gone));
}

asio::awaitable<void> CallDesk::Impl::reject(Self self, Decision decision) {
  const std::string id = decision.offer.id;
  const auto done = co_await self->services_.reject(decision.offer.api, id, decision.sip_status);
  self->errand_done();
  std::string outcome = "rejected";
  if (!done) {
    outcome = failed_decision(done.error());
    self->services_.feed.publish(id, "reject_failed", {{"why", done.error().detail}});
  }
  self->services_.metrics.calls.add(outcome);
}

void CallDesk::Impl::arm_held_timer() {
  const auto deadline = decider_.next_deadline();
  if (!deadline) {
    held_timer_.cancel();
    return;
  }
  held_timer_.expires_at(*deadline);
  held_timer_.async_wait([weak = weak_from_this()](boost::system::error_code failure) {
    const auto self = weak.lock();
    if (failure || !self) {
      return;
    }
    for (Decision& decision : self->decider_.on_time(Clock::now())) {
      self->obey(std::move(decision));
    }
    self->arm_held_timer();
  });
}

void CallDesk::Impl::know(const std::vector<JournalCall>& calls) {
  for (const JournalCall& entry : calls) {
    decider_.know(entry.offer.id, std::string{entry.offer.sip_call_id()}, Clock::now());
  }
}

asio::awaitable<std::size_t> CallDesk::Impl::resume_calls(Self self,
                                                          std::vector<JournalCall> calls) {
  self->know(calls);
  const auto jitter = static_cast<std::uint32_t>(self->options_.resume_jitter.count()) + 1;
  asio::steady_timer timer{self->services_.executor};
  std::size_t begun = 0;
  for (const JournalCall& entry : calls) {
    if (entry.offer.id.starts_with(provisional_prefix)) {
      JournalEnding ending = never_named(entry);
      self->services_.feed.publish(entry.offer.id, "resume_failed", {{"why", ending.reason}});
      ++self->errands_;
      asio::co_spawn(self->services_.executor, write_ending(self, std::move(ending)),
                     asio::detached);
      continue;
    }
    const EarlierUse use{
        std::chrono::seconds{std::max<std::int64_t>(0, unix_seconds() - entry.began)},
        entry.used.tokens(), entry.outbound};
    const auto profile = self->services_.policy.resume(entry.offer, entry.agent, use);
    if (!profile) {
      self->services_.feed.publish(entry.offer.id, "resume_failed",
                                   {{"why", "there is no agent " + entry.agent + " any more"}});
      self->services_.metrics.errors.add("resume");
      ++self->errands_;
      asio::co_spawn(self->services_.executor, let_go(self, entry), asio::detached);
      continue;
    }
    if (++begun % self->options_.resume_at_once == 0) {
      timer.expires_after(milliseconds{random_u32() % jitter});
      co_await timer.async_wait(asio::use_awaitable);
    }
    const ActiveCall::Earlier earlier{entry.used, entry.began, entry.outbound,
                                      entry.accept_in_doubt};
    const auto call = self->begin(entry.offer, *profile, {entry.caller, entry.called}, earlier);
    call->record().resumed = true;
    self->services_.feed.publish(entry.offer.id, "resumed", {{"agent", entry.agent}});
    asio::co_spawn(self->services_.executor, run(self, call, !entry.accept_in_doubt),
                   asio::detached);
    if (entry.accept_in_doubt) {
      asio::co_spawn(self->services_.executor, write_opening(self, call, entry), asio::detached);
    }
  }
  co_return begun;
}

void CallDesk::Impl::refuse_new_calls() {
  if (!decider_.draining()) {
    decider_.drain();
    services_.feed.publish({}, "draining", {{"live_calls", active_.size()}});
  }
}

void CallDesk::Impl::let_go() {
  for (const auto& [id, call] : active_) {
    call->conversation().release();
  }
}

asio::awaitable<bool> CallDesk::Impl::until_idle(Self self, milliseconds limit) {
  const auto until = Clock::now() + limit;
  asio::steady_timer timer{self->services_.executor, until};
  timer.async_wait([weak = std::weak_ptr{self}](boost::system::error_code) {
    if (const auto alive = weak.lock()) {
      alive->idle_.notify();
    }
  });
  while ((!self->active_.empty() || self->errands_ > 0) && Clock::now() < until) {
    co_await self->idle_.wait();
  }
  co_return self->active_.empty();
}

asio::awaitable<void> CallDesk::Impl::drain(Self self, milliseconds limit, DrainEnd end) {
  self->refuse_new_calls();
  if (end == DrainEnd::hand_over) {
    self->let_go();
    const auto idle = co_await until_idle(self, limit);
    static_cast<void>(idle);
    co_return;
  }
  const milliseconds goodbye_time = std::min(most_goodbye_time, limit / 2);
  bool idle = co_await until_idle(self, limit - goodbye_time);
  if (idle) {
    co_return;
  }
  for (const auto& [id, call] : self->active_) {
    call->record().state = CallState::ending;
    call->conversation().say_goodbye(std::string{goodbye}, "goodbye");
  }
  idle = co_await until_idle(self, goodbye_time);
  if (idle) {
    co_return;
  }
  for (const auto& [id, call] : self->active_) {
    call->conversation().hang_up("drained");
  }
  idle = co_await until_idle(self, hang_up_time);
}

const CallRecord* CallDesk::Impl::find_record(std::string_view id) const {
  const auto live = active_.find(id);
  if (live != active_.end()) {
    return &live->second->record();
  }
  const auto past = std::ranges::find(ended_, id, &CallRecord::id);
  return past == ended_.end() ? nullptr : &*past;
}

std::vector<CallRecord> CallDesk::Impl::records() const {
  std::vector<CallRecord> all;
  all.reserve(active_.size() + ended_.size());
  for (const auto& [id, call] : active_) {
    all.push_back(call->record());
  }
  all.insert(all.end(), ended_.begin(), ended_.end());
  return all;
}

CallDesk::CallDesk(CallDeskServices services, CallDeskOptions options)
    : impl_{std::make_shared<Impl>(std::move(services), options)} {}
CallDesk::~CallDesk() { impl_->let_go(); }

void CallDesk::on_webhook(openai::WebhookEvent event, std::string webhook_id) {
  impl_->on_webhook(std::move(event), std::move(webhook_id));
}
void CallDesk::know(const std::vector<JournalCall>& calls) { impl_->know(calls); }
asio::awaitable<std::size_t> CallDesk::resume_calls(std::vector<JournalCall> calls) {
  return Impl::resume_calls(impl_, std::move(calls));
}
asio::awaitable<void> CallDesk::drain(milliseconds limit, DrainEnd end) {
  return Impl::drain(impl_, limit, end);
}
void CallDesk::refuse_new_calls() { impl_->refuse_new_calls(); }
bool CallDesk::draining() const noexcept { return impl_->decider().draining(); }
std::size_t CallDesk::live_calls() const noexcept { return impl_->live(); }
std::size_t CallDesk::held_offers() const noexcept { return impl_->decider().held(); }
std::vector<CallRecord> CallDesk::calls() const { return impl_->records(); }
const CallRecord* CallDesk::find(std::string_view id) const { return impl_->find_record(id); }
CallConversation* CallDesk::conversation(std::string_view id) {
  ActiveCall* const call = impl_->find_active(id);
  return call == nullptr ? nullptr : &call->conversation();
}

}  // namespace offhook::serve
