#include "call/dialled_call.hpp"

#include <optional>
#include <utility>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "agent/conversation.hpp"
#include "base/race.hpp"
#include "call/waits.hpp"
#include "openai/live_api.hpp"

namespace offhook::call {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using agent::ConversationEnd;

/// The API answers once the session is ready, and gives up itself with 504.
constexpr auto placing_timeout = 60s;
/// How long that answer is waited for by somebody who has hung up meanwhile.
constexpr auto late_answer_patience = 5s;

/// State that the branches below share.
struct DialledCall {
  DialServices& services;
  const DialOptions& options;
  std::unique_ptr<agent::Conversation> conversation{};  ///< Once the call has been placed.
  std::string session_id{};
  std::optional<double> answered_ms{};
  std::optional<Ending> wanted{};  ///< How we are ending the call ourselves.
  bool may_be_up = false;          ///< Placed, and not known to be over.
};

Ending ending_of_placing(const Error& error) {
  if (error.status != 0) {
    return {CallResult::accept_failed, error.detail};
  }
  if (error.code == Errc::timed_out) {
    return {CallResult::accept_failed,
            error.detail +
                "; the call may have been placed all the same: look into the carrier's "
                "records before you try again"};
  }
  if (error.code == Errc::authentication_failed) {
    return {CallResult::tls_failed, error.detail};
  }
  const bool nobody = error.code == Errc::not_found || error.code == Errc::unreachable ||
                      error.code == Errc::refused;
  return {nobody ? CallResult::unreachable : CallResult::accept_failed, error.detail};
}

Ending ending_of(const DialledCall& call, const agent::ConversationResult& result) {
  switch (result.end) {
    case ConversationEnd::not_reached:
      return {CallResult::invite_refused, "the call was not answered: " + result.reason};
    case ConversationEnd::sideband_lost: return {CallResult::sideband_failed, result.reason};
    case ConversationEnd::caller_gone:
      if (call.answered_ms) {
        return {CallResult::hung_up_by_peer,
                result.reason == "remote_hangup" ? std::string{} : result.reason};
      }
      return {
          result.error.detail.empty() ? CallResult::invite_refused : CallResult::sideband_failed,
          "the session ended before the call was answered: " + result.reason};
    case ConversationEnd::hung_up:
      return call.wanted.value_or(Ending{CallResult::completed, result.reason});
    case ConversationEnd::transferred: return {CallResult::completed, "transferred"};
    case ConversationEnd::not_accepted:
    case ConversationEnd::decided_elsewhere:
    case ConversationEnd::released: break;
  }
  return {CallResult::internal_error, result.reason};
}

asio::awaitable<Ending> converse(DialledCall& call) {
  agent::ConversationResult result;
  if (call.options.session_id.empty()) {
    result = co_await call.conversation->run();
  } else {
    result = co_await call.conversation->resume();
  }
  call.may_be_up = result.end == ConversationEnd::sideband_lost || !result.error.detail.empty();
  co_return ending_of(call, result);
}

asio::awaitable<Ending> obey_user(DialledCall& call) {
  for (;;) {
    const UserCommands::Command command = co_await call.services.user.next();
    if (command.kind == UserCommands::Command::Kind::hang_up) {
      co_return Ending{CallResult::hung_up_by_user, {}};
    }
  }
}

asio::awaitable<Ending> keep_the_time(DialledCall& call) {
  const auto began = Timeline::Clock::now();
  const std::chrono::seconds ring_time = call.options.ring_time;
  while (!call.answered_ms) {
    if (ring_time.count() > 0 && Timeline::Clock::now() - began > ring_time) {
      co_return Ending{
          CallResult::no_answer,
          "nobody answered within " + std::to_string(ring_time.count()) + " s (--ring-time)"};
    }
    co_await pause(50ms);
  }
  Ending ending = co_await wait_for_time_limit(call.options.max_duration);
  co_return ending;
}

/// Hangs up when the person or the clock says so. The conversation goes on to its end: what is told
/// last is heard.
asio::awaitable<Ending> end_it_ourselves(DialledCall& call) {
  Ending ending = co_await first_of(obey_user(call), keep_the_time(call));
  call.wanted = std::move(ending);
  call.conversation->hang_up(std::string{to_string(call.wanted->result)});
  co_await pause(for_ever);
  co_return *call.wanted;
}

agent::ConversationServices services_of(DialledCall& call) {
  const DialServices& around = call.services;
  agent::ConversationServices services{around.control, around.provider, around.timeline,
                                       around.keeper.ledger(), around.make_tool};
  services.observer.on_message = [&around](std::string_view direction, std::string_view json,
                                           double at_ms) {
    around.keeper.message(direction, json, at_ms);
    if (around.on_sideband_event) {
      around.on_sideband_event(direction, json, at_ms);
    }
  };
  services.observer.on_transcript = [&around](const agent::TranscriptLine& line) {
    around.keeper.said(line);
  };
  services.observer.on_usage = [&around](const agent::Usage& usage) { around.keeper.used(usage); };
  services.hold_sound = around.hold_sound;
  services.lines_kept = 0;
  services.reattach_patience = reattach_patience;
  return services;
}

asio::awaitable<Result<std::string>> request(DialledCall& call) {
  openai::ApiOptions patient;
  patient.timeout = placing_timeout;
  openai::LiveApi api{call.services.provider, agent::retry_marks(call.services.timeline), patient};
  auto body =
      agent::outbound_body(call.options.profile, call.options.trunk, call.options.destination);
  auto placed = co_await api.create(std::move(body));
  co_return placed;
}

/// Somebody who wants to leave waits a moment for the answer: only it says what there is to hang
/// up.
asio::awaitable<Result<std::string>> give_up_on_request(DialledCall& call) {
  Ending ending = co_await obey_user(call);
  call.wanted = std::move(ending);
  call.services.timeline.mark("call", "leaving",
                              {{"note", "waits for what the API has placed, to hang it up"}});
  co_await pause(late_answer_patience);
  co_return fail(Errc::timed_out, "create: the API had not answered when you hung up");
}

asio::awaitable<Result<>> place(DialledCall& call) {
  Timeline& timeline = call.services.timeline;
  co_await call.services.keeper.placing();
  timeline.mark("rest", "place.sent", {{"destination", call.options.destination}});
  const auto placed = co_await first_of(request(call), give_up_on_request(call));
  if (!placed) {
    co_return fail(placed.error());
  }
  call.session_id = *placed;
  call.services.keeper.placed(call.session_id);
  timeline.mark("rest", "placed", {{"session_id", call.session_id}});
  co_return Result<>{};
}

asio::awaitable<Ending> live(DialledCall& call) {
  // 1. Place the call, unless it is there.
  call.session_id = call.options.session_id;
  if (call.session_id.empty()) {
    const auto placed = co_await place(call);
    if (!placed) {
      const bool refused = placed.error().status != 0;
      if (call.wanted && refused) {
        co_return *call.wanted;
      }
      co_return ending_of_placing(placed.error());
    }
  } else {
    call.answered_ms = call.services.timeline.ms_at(Timeline::Clock::now());  // or it is soon over
  }
  call.may_be_up = true;
  if (call.wanted) {
    co_return *call.wanted;
  }

  // 2. Attach, greet once it is answered, follow: as `offhook serve` does.
  agent::PendingCall pending;
  pending.api = agent::Api::live;
  pending.id = call.session_id;
  pending.placed = true;
  pending.used = call.options.used;
  pending.age = call.options.age;
  call.conversation = std::make_unique<agent::Conversation>(services_of(call), call.options.profile,
                                                            std::move(pending));
  Ending ending = co_await first_of(converse(call), end_it_ourselves(call));
  co_return ending;
}

/// Leaves no call behind whose end nobody has seen.
asio::awaitable<void> part(DialledCall& call) {
  if (call.may_be_up) {
    Timeline& timeline = call.services.timeline;
    timeline.mark("rest", "hangup.sent");
    openai::LiveApi api{call.services.provider, agent::retry_marks(timeline)};
    const auto ended = co_await api.hang_up(call.session_id);
    if (!ended) {
      timeline.mark("rest", "hangup.failed", {{"error", ended.error().detail}});
    }
  }
  if (call.conversation) {
    co_await call.conversation->close();
  }
}

}  // namespace

asio::awaitable<DialReport> run_dialled_call(DialServices services, DialOptions options) {
  Timeline& timeline = services.timeline;
  DialledCall call{.services = services, .options = options};
  SetupTimes setup;
  const auto subscription = timeline.subscribe([&](const Mark& mark) {
    setup.on_mark(mark);
    if (mark.source == "call" && mark.name == "answered" && !call.answered_ms) {
      call.answered_ms = mark.at_ms;
    }
  });
  auto settled = co_await settle(live(call));

  // 3. Part, whatever happened.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  Ending ending = unwrap_ending(std::move(settled));
  timeline.mark("call", "ending",
                {{"result", to_string(ending.result)}, {"reason", ending.reason}});
  const double ended_ms = timeline.ms_at(Timeline::Clock::now());
  co_await part(call);
  timeline.mark("call", "ended");

  DialReport report;
  report.ending = std::move(ending);
  report.destination = options.destination;
  report.session_id = call.session_id;
  report.setup = setup;
  report.duration_ms = call.answered_ms ? ended_ms - *call.answered_ms : 0;
  if (call.conversation) {
    report.transcript = call.conversation->transcript().lines();
    report.usage = call.conversation->usage();
    report.malformed_events = call.conversation->malformed_events();
  }
  co_await services.keeper.ended(report);
  co_return report;
}

}  // namespace offhook::call
