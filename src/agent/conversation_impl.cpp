#include "agent/conversation_impl.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "agent/dialogue/reattach.hpp"
#include "agent/session_body.hpp"
#include "base/pause.hpp"
#include "base/race.hpp"
#include "openai/event_type.hpp"

namespace offhook::agent {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;
using Clock = Timeline::Clock;

namespace {

constexpr std::size_t most_unsent = 256;
/// For the API to tell the last things after a hang-up, and to drop the sideband.
constexpr auto last_events = 2s;
/// A call that nobody greets is not to last.
constexpr std::chrono::milliseconds first_attach_patience{10'000};
constexpr int hang_up_attempts = 5;
constexpr auto hang_up_pause = 2s;
/// Tools that are still at work when the call ends may finish …
constexpr std::chrono::seconds tool_patience{20};
/// … but not for long when another process waits to take the call over.
constexpr std::chrono::seconds released_patience{5};

std::variant<openai::CallsApi, openai::LiveApi> make_api(Api api,
                                                         const openai::Provider& provider,
                                                         Timeline& timeline) {
  if (api == Api::live) {
    return openai::LiveApi{provider, retry_marks(timeline)};
  }
  return openai::CallsApi{provider, retry_marks(timeline)};
}

std::unique_ptr<Dialogue> make_dialogue(Api api,
                                        const AgentProfile& profile,
                                        DialogueOptions options) {
  return api == Api::live ? make_live_dialogue(profile, std::move(options))
                          : make_realtime_dialogue(profile, std::move(options));
}

/// Waits for the timer, which may be set to the far future and cancelled to wake.
asio::awaitable<void> wait_for(asio::steady_timer& timer) {
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error{asio::error::operation_aborted};
  }
}

}  // namespace

Conversation::Impl::Impl(ConversationServices services, AgentProfile profile, PendingCall call)
    : services_{std::move(services)},
      profile_{std::move(profile)},
      call_{std::move(call)},
      api_{make_api(call_.api, services_.provider, services_.timeline)},
      wake_{services_.executor},
      errands_changed_{services_.executor},
      changed_{services_.executor},
      tool_ended_{services_.executor} {
  DialogueOptions options{call_.id,    {}, services_.lines_kept, call_.used, services_.hold_sound,
                          call_.placed};
  told_usage_ = call_.used;
  options.on_line = [this](const TranscriptLine& line) {
    boost::json::object mark{
        {"who", line.who}, {"text", line.text}, {"interrupted", line.interrupted}};
    if (line.gap_ms) {
      mark["gap_ms"] = *line.gap_ms;
    }
    services_.timeline.mark("call", "transcript", std::move(mark));
    if (services_.observer.on_transcript) {
      services_.observer.on_transcript(line);
    }
  };
  dialogue_ = make_dialogue(call_.api, profile_, std::move(options));
}

Moment Conversation::Impl::moment() const {
  const auto now = Clock::now();
  return {now, services_.timeline.ms_at(now)};
}

asio::awaitable<ConversationResult> Conversation::Impl::run() {
  if (call_.placed) {
    accepted_at_ = Clock::now();
    dialogue_->begin(moment(), false);
    auto placed = co_await converse(false);
    co_return placed;
  }
  const bool accepted = co_await accept();
  if (!accepted) {
    ConversationResult result{over_->end, over_->reason, {}, over_->error, may_be_accepted_};
    co_return result;
  }
  auto result = co_await converse(accepted_before_);
  co_return result;
}

asio::awaitable<ConversationResult> Conversation::Impl::resume() {
  accepted_at_ = Clock::now();
  Moment accepted = moment();
  accepted.now -= call_.age;
  dialogue_->begin(accepted, true);
  auto result = co_await converse(true);
  co_return result;
}

asio::awaitable<bool> Conversation::Impl::accept() {
  json::object body = session_body(profile_);
  services_.timeline.mark("rest", "accept.sent");
  may_be_accepted_ = true;
  Result<> accepted;
  if (auto* const calls = std::get_if<openai::CallsApi>(&api_)) {
    accepted = co_await calls->accept(call_.id, std::move(body));
  } else {
    auto* const live = std::get_if<openai::LiveApi>(&api_);
    accepted = co_await live->accept(call_.id, std::move(body));
  }
  const bool decided =
      !accepted && accepted.error().detail.find("decision_already_made") != std::string::npos;
  accepted_before_ = decided && call_.accept_in_doubt;
  if (!accepted && !accepted_before_) {
    const Error& error = accepted.error();
    may_be_accepted_ = error.status == 0;
    over_ = Over{ConversationEnd::not_accepted, error.detail, error};
    if (decided) {
      over_->end = ConversationEnd::decided_elsewhere;
    }
    co_return false;
  }
  accepted_at_ = Clock::now();
  services_.timeline.mark("rest", accepted_before_ ? "accepted.before" : "accepted");
  Moment began = moment();
  if (accepted_before_) {
    began.now -= call_.age;
  }
  dialogue_->begin(began, accepted_before_);
  co_return true;
}

asio::awaitable<ConversationResult> Conversation::Impl::converse(bool resuming) {
  auto settled = co_await settle(first_of(follow(resuming), work(), do_errands(), wait_for_end()));

  // However it ended: no tool is left behind, and no socket unless we were cancelled.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  if (settled.failure) {
    co_await end_tools(true, tool_patience);
    std::rethrow_exception(settled.failure);
  }
  dialogue_->on_detached(moment());
  const bool released = over_->end == ConversationEnd::released;
  const auto patience = released ? released_patience : tool_patience;
  co_await end_tools(false, patience);
  tell_usage();
  if (!released && sideband_) {
    sideband_->drop();
  }
  co_await close();
  ConversationResult result{over_->end, over_->reason, dialogue_->usage(), over_->error,
                            over_->may_be_up};
  co_return result;
}

asio::awaitable<void> Conversation::Impl::close() {
  if (sideband_) {
    co_await sideband_->close();
    sideband_.reset();
    services_.timeline.mark("sideband", "closed");
  }
}

asio::awaitable<bool> Conversation::Impl::wait_for_end() {
  while (!over_) {
    co_await changed_.wait();
  }
  co_return true;
}

// ── The sideband ────────────────────────────────────────────────────────────────────────────────

asio::awaitable<bool> Conversation::Impl::follow(bool resuming) {
  bool attached = co_await attach(resuming);
  while (attached) {
    const auto dropped = co_await read_until_drop();
    on_sideband_over();
    while (hanging_up_ && !over_) {
      co_await changed_.wait();  // the drop was our own doing
    }
    if (over_) {
      co_return true;
    }
    attached = co_await attach_again(dropped, false);
  }
  co_return true;
}

asio::awaitable<Result<openai::Sideband>> Conversation::Impl::open_sideband(
    std::chrono::milliseconds patience) {
  if (call_.api == Api::live) {
    auto live = co_await openai::Sideband::attach_live(services_.provider, call_.id, patience);
    co_return std::move(live);
  }
  auto realtime = co_await openai::Sideband::attach(services_.provider, call_.id, patience);
  co_return std::move(realtime);
}

asio::awaitable<bool> Conversation::Impl::attach(bool resuming) {
  if (resuming) {
    const bool again = co_await attach_again(Clock::now(), true);
    if (again) {
      co_await adopt_unfinished();
    }
    if (again && accepted_before_) {
      dialogue_->greet(moment());
      obey();
    }
    co_return again;
  }
  const auto began = Clock::now();
  Reattach policy{std::min(services_.reattach_patience, first_attach_patience)};
  for (;;) {
    auto sideband = co_await open_sideband(3s);
    if (sideband) {
      sideband_.emplace(std::move(*sideband));
      break;
    }
    const Error refused = std::move(sideband).error();
    services_.timeline.mark("sideband", "attach.failed", {{"error", refused.detail}});
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
    const auto next = policy.next(&refused, elapsed);
    const bool for_good = refused.status >= 400 && refused.status < 500 && refused.status != 429;
    if (for_good || next.verdict != Reattach::Verdict::again) {
      const bool gone = refused.status == 404;  // after 3 s of asking
      give_up(gone ? ConversationEnd::caller_gone : ConversationEnd::sideband_lost, refused.detail,
              refused);
      co_return false;
    }
    co_await pause(next.delay);
  }
  services_.timeline.mark("sideband", "attached");
  const Moment now = moment();
  attached_at_ = now.now;
  dialogue_->on_attached(false, now);
  dialogue_->greet(now);
  obey();
  co_return true;
}

asio::awaitable<bool> Conversation::Impl::attach_again(Clock::time_point dropped, bool resuming) {
  const auto lasted = std::chrono::duration_cast<std::chrono::milliseconds>(dropped - attached_at_);
  Reattach policy{services_.reattach_patience, lasted};
  std::optional<Error> refused;
  bool missed_something = resuming;  // a call that is over drops its sideband, too
  for (bool first = resuming;; first = false) {
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - dropped);
    const auto next = policy.next(refused ? &*refused : nullptr, elapsed);
    if (next.verdict == Reattach::Verdict::call_over) {
      if (missed_something) {
        mark_gap(dropped, moment(), resuming);
      }
      end(referred_ ? ConversationEnd::transferred : ConversationEnd::caller_gone,
          "the API knows no such call any more", std::move(*refused));
      co_return false;
    }
    if (next.verdict == Reattach::Verdict::give_up) {
      mark_gap(dropped, moment(), resuming);
      give_up(ConversationEnd::sideband_lost,
              "the sideband is lost and cannot be attached again: " + refused->detail, *refused);
      co_return false;
    }
    missed_something = missed_something || (refused && refused->status != 404);
    const auto delay = first ? 0ms : next.delay;
    co_await pause(delay);
    auto sideband = co_await open_sideband(0ms);
    if (sideband) {
      sideband_.emplace(std::move(*sideband));
      const Moment now = moment();
      attached_at_ = now.now;
      services_.timeline.mark("sideband", "attached.again",
                              {{"gap_ms", now.at_ms - services_.timeline.ms_at(dropped)}}, now.now);
      mark_gap(dropped, now, resuming);
      dialogue_->on_attached(true, now);
      obey();
      co_return true;
    }
    refused = std::move(sideband).error();
    services_.timeline.mark("sideband", "attach.failed", {{"error", refused->detail}});
  }
}

void Conversation::Impl::mark_gap(Clock::time_point dropped, const Moment& now, bool resuming) {
  SidebandGap gap{services_.timeline.ms_at(dropped)};
  if (!resuming) {  // else the earlier process was gone before
    gap.lasted_ms = now.at_ms - gap.from_ms;
  }
  dialogue_->on_gap(gap);
}

asio::awaitable<void> Conversation::Impl::adopt_unfinished() {
  const auto unfinished = co_await services_.ledger.unfinished(call_.id);
  for (const ToolLedger::Unfinished& left : unfinished) {
    services_.timeline.mark(
        "tool", "in_doubt",
        {{"tool", left.call.name}, {"function_call_id", left.call.function_call_id}});
    dialogue_->adopt(left.call, moment());
  }
  obey();
}

asio::awaitable<Clock::time_point> Conversation::Impl::read_until_drop() {
  for (;;) {
    auto text = co_await sideband_->receive_text();
    if (text) {
      on_text(*text);
    } else if (text.error().code == Errc::peer_closed) {
      const auto now = Clock::now();
      services_.timeline.mark("sideband", "dropped",
                              {{"error", text.error().detail}, {"code", text.error().status}}, now);
      co_return now;
    } else {
      on_malformed(text.error().detail);
    }
  }
}

void Conversation::Impl::on_malformed(std::string_view why) {
  ++malformed_events_;
  services_.timeline.mark("sideband", "malformed", {{"error", why}});
}

void Conversation::Impl::on_text(std::string_view text) {
  if (openai::carries_audio(openai::event_type(text))) {
    return;  // Live's reflected sound: nobody here listens
  }
  const Moment now = moment();
  const auto event = openai::parse_sideband_event(text);
  if (!event) {
    on_malformed(event.error().detail);
    return;
  }
  if (services_.observer.on_message) {
    services_.observer.on_message("received", text, now.at_ms);
  }
  if (services_.timeline.watched()) {
    services_.timeline.mark("sideband", event->type, {{"text", openai::describe(*event)}}, now.now);
  }
  dialogue_->on_event(*event, now);
  tell_usage();
  obey();
}

void Conversation::Impl::on_sideband_over() {
  sideband_.reset();
  std::erase_if(outbox_, [](const SendEvent& event) { return !event.survives_gap; });
  dialogue_->on_detached(moment());
  changed_.notify();
  obey();
}

void Conversation::Impl::tell_usage() {
  const Usage& usage = dialogue_->usage();
  if (usage == told_usage_) {
    return;
  }
  told_usage_ = usage;
  if (services_.observer.on_usage) {
    services_.observer.on_usage(usage);
  }
}

// ── What the dialogue wants ─────────────────────────────────────────────────────────────────────

void Conversation::Impl::obey() {
  for (auto effects = dialogue_->take_effects(); !effects.empty();
       effects = dialogue_->take_effects()) {
    for (Effect& effect : effects) {
      obey(std::move(effect));
    }
  }
  wake_.cancel();  // the deadline may be another one now
}

void Conversation::Impl::obey(Effect effect) {
  if (auto* const event = std::get_if<SendEvent>(&effect)) {
    enqueue(std::move(*event));
  } else if (auto* const tool = std::get_if<StartTool>(&effect)) {
    start_tool(std::move(*tool));
  } else if (auto* const arrived = std::get_if<OutputArrived>(&effect)) {
    record_sent(std::move(arrived->function_call_id));
  } else if (auto* const done = std::get_if<HangUp>(&effect)) {
    hang_up(std::move(done->reason));
  } else if (auto* const gone = std::get_if<CallOver>(&effect)) {
    if (!hanging_up_) {
      const auto how = gone->not_reached ? ConversationEnd::not_reached
                       : referred_       ? ConversationEnd::transferred
                                         : ConversationEnd::caller_gone;
      end(how, std::move(gone->reason));
    }
  } else if (auto* const note = std::get_if<Note>(&effect)) {
    services_.timeline.mark("call", note->name, std::move(note->detail));
  }
}

void Conversation::Impl::enqueue(SendEvent event) {
  if (!sideband_ && !event.survives_gap) {
    return;  // made anew once the sideband is back
  }
  if (outbox_.size() >= most_unsent) {
    services_.timeline.mark("sideband", "send.failed", {{"error", "too much is waiting"}});
    return;
  }
  outbox_.push_back(std::move(event));
}

asio::awaitable<bool> Conversation::Impl::work() {
  while (!over_) {
    const auto due = dialogue_->deadline();
    if (due && *due <= Clock::now()) {
      dialogue_->on_time(moment());
      obey();
    }
    while (sideband_ && !outbox_.empty()) {
      SendEvent event = std::move(outbox_.front());
      outbox_.pop_front();
      if (services_.observer.on_message) {
        services_.observer.on_message("sent", event.text, moment().at_ms);
      }
      if (services_.timeline.watched()) {
        services_.timeline.mark("sideband", "sent", {{"type", openai::event_type(event.text)}});
      }
      const auto sent = co_await sideband_->send(event.text);
      if (!sent && event.survives_gap) {
        outbox_.push_front(std::move(event));
        break;
      }
      if (sent && !event.output_of.empty()) {
        record_sent(std::move(event.output_of));
      }
      if (sent && pressing_.erase(event.last_key_of) > 0) {
        changed_.notify();
      }
    }
    const auto next = dialogue_->deadline();
    if (next && *next <= Clock::now()) {
      continue;
    }
    wake_.expires_at(next.value_or(Clock::time_point::max()));
    co_await wait_for(wake_);
  }
  co_return true;
}

void Conversation::Impl::end(ConversationEnd how, std::string reason, Error error) {
  if (!over_) {
    over_ = Over{how, std::move(reason), std::move(error)};
    changed_.notify();
    wake_.cancel();
  }
}

void Conversation::Impl::give_up(ConversationEnd how, std::string reason, Error error) {
  if (!over_) {
    end(how, std::move(reason), std::move(error));
    over_->may_be_up = true;
  }
}

// ── Orders and REST ─────────────────────────────────────────────────────────────────────────────

void Conversation::Impl::say(std::string words) {
  dialogue_->say(std::move(words), moment());
  obey();
}

void Conversation::Impl::instruct(std::string text) {
  dialogue_->instruct(std::move(text), moment());
  obey();
}

void Conversation::Impl::say_goodbye(std::string words, std::string reason) {
  dialogue_->say_goodbye(std::move(words), std::move(reason), moment());
  obey();
}

void Conversation::Impl::play(std::string pcm_24khz) {
  dialogue_->play(std::move(pcm_24khz), moment());
  obey();
}

void Conversation::Impl::hang_up(std::string reason) {
  if (!hanging_up_) {
    hanging_up_ = true;
    errands_.push_front({true, std::move(reason)});
    errands_changed_.notify();
  }
}

void Conversation::Impl::transfer(std::string target_uri) {
  errands_.push_back({false, std::move(target_uri)});
  errands_changed_.notify();
}

asio::awaitable<bool> Conversation::Impl::do_errands() {
  for (;;) {
    while (errands_.empty()) {
      co_await errands_changed_.wait();
    }
    Errand errand = std::move(errands_.front());
    errands_.pop_front();
    if (errand.hang_up) {
      const bool ended = co_await hang_up_over_rest(std::move(errand.text));
      co_return ended;
    }
    const std::string target = errand.text;
    const auto referred = co_await refer(target);
    const std::string outcome =
        referred ? "The transfer to " + target + " was accepted; the call leaves you now."
                 : "The transfer to " + target + " failed: " + referred.error().detail;
    dialogue_->instruct(outcome, moment());
    if (!referred) {
      dialogue_->say("Tell the caller that the transfer did not work.", moment());
    }
    obey();
  }
}

asio::awaitable<bool> Conversation::Impl::hang_up_over_rest(std::string reason) {
  Result<> ended;
  for (int attempt = 1; attempt <= hang_up_attempts; ++attempt) {
    services_.timeline.mark("rest", "hangup.sent", {{"reason", reason}});
    if (auto* const calls = std::get_if<openai::CallsApi>(&api_)) {
      ended = co_await calls->hang_up(call_.id);
    } else {
      auto* const live = std::get_if<openai::LiveApi>(&api_);
      ended = co_await live->hang_up(call_.id);
    }
    if (ended) {
      break;
    }
    services_.timeline.mark("rest", "hangup.failed", {{"error", ended.error().detail}});
    co_await pause(hang_up_pause);
  }
  // What was said last is still on its way to us.
  const auto until = Clock::now() + last_events;
  asio::steady_timer timer{services_.executor};
  while (ended && sideband_ && Clock::now() < until) {
    timer.expires_after(20ms);
    co_await timer.async_wait(asio::use_awaitable);
  }
  end(ConversationEnd::hung_up, std::move(reason), ended ? Error{} : ended.error());
  co_return true;
}

asio::awaitable<Result<>> Conversation::Impl::refer(std::string target) {
  services_.timeline.mark("rest", "refer.sent", {{"target", target}});
  Result<> referred;
  if (auto* const calls = std::get_if<openai::CallsApi>(&api_)) {
    referred = co_await calls->refer(call_.id, std::move(target));
  } else {
    auto* const live = std::get_if<openai::LiveApi>(&api_);
    referred = co_await live->refer(call_.id, std::move(target));
  }
  if (referred) {
    referred_ = true;
    services_.timeline.mark("rest", "referred");
  } else {
    services_.timeline.mark("rest", "refer.failed", {{"error", referred.error().detail}});
  }
  co_return referred;
}

}  // namespace offhook::agent
