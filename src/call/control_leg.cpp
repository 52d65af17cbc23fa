#include "call/control_leg.hpp"

#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "agent/tools/tool_factory.hpp"
#include "base/race.hpp"
#include "call/waits.hpp"
#include "openai/calls_api.hpp"
#include "openai/live_api.hpp"

namespace offhook::call {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using agent::ConversationEnd;

/// For the BYE of a call that the API says is over.
constexpr auto bye_patience = 5s;

constexpr std::string_view three_reasons =
    "; usually (1) the webhook's address in the project's settings is not this program's public "
    "address, (2) the tunnel or port forwarding to --listen is down, or (3) the webhook is not "
    "subscribed to that event";

Result<agent::PendingCall> as_result(agent::PendingCall call) { return call; }

asio::awaitable<Result<agent::PendingCall>> wait_in(IncomingCalls& incoming, std::string id) {
  auto call = co_await incoming.wait_for(std::move(id));
  co_return as_result(std::move(call));
}

}  // namespace

agent::AgentProfile profile_of(const AgentOptions& options) {
  if (options.profile) {
    return *options.profile;
  }
  agent::AgentProfile profile;
  profile.name = "call";
  profile.model = options.model;
  profile.instructions = options.instructions;
  profile.voice = options.voice;
  profile.opening = options.say;
  profile.transcription = options.transcription;
  profile.keypad.enabled = false;  // the person at the phone is the user of this program
  if (!options.tools.empty()) {
    profile.session["tools"] = options.tools;
  }
  return profile;
}

ControlLeg::ControlLeg(asio::any_io_executor control,
                       IncomingCalls& incoming,
                       openai::Provider provider,
                       Timeline& timeline,
                       AgentOptions options,
                       std::string call_header_id,
                       OnSidebandEvent on_sideband_event)
    : control_{std::move(control)},
      incoming_{incoming},
      provider_{std::move(provider)},
      timeline_{timeline},
      options_{std::move(options)},
      profile_{profile_of(options_)},
      call_header_id_{std::move(call_header_id)},
      on_sideband_event_{std::move(on_sideband_event)} {
  incoming_.expect(call_header_id_, profile_.api);
}

ControlLeg::~ControlLeg() { incoming_.forget(call_header_id_); }

asio::awaitable<Ending> ControlLeg::run() {
  // 1. The webhook that quotes our own header.
  auto webhook = co_await wait_for_webhook();
  if (!webhook) {
    co_return Ending{CallResult::no_webhook, webhook.error().detail};
  }
  call_id_ = webhook->id;
  timeline_.mark("webhook", "received",
                 {{"call_id", call_id_}, {"media_security", webhook->media_security}});

  // 2. Accept, attach, greet, follow: as `offhook serve` does.
  conversation_ = std::make_unique<agent::Conversation>(services(), profile_, std::move(*webhook));
  const auto result = co_await conversation_->run();

  // 3. What that means here.
  Ending ending{CallResult::hung_up_by_peer, {}};
  switch (result.end) {
    case ConversationEnd::not_accepted:
    case ConversationEnd::decided_elsewhere:
      co_return Ending{CallResult::accept_failed, result.error.detail};
    case ConversationEnd::sideband_lost:
      co_return Ending{CallResult::sideband_failed, result.reason};
    case ConversationEnd::caller_gone:
      if (!result.error.detail.empty()) {
        ending = {CallResult::sideband_failed,
                  "the sideband is lost and cannot be attached again: " + result.error.detail};
      }
      break;  // else the API has told of the end (Live)
    case ConversationEnd::not_reached:
    case ConversationEnd::hung_up:
    case ConversationEnd::transferred:
    case ConversationEnd::released: break;
  }
  const Ending told = co_await wait_for_phone(std::move(ending));
  co_return told;
}

/// The call is over for the API: SIP will say so in a moment, and better.
asio::awaitable<Ending> ControlLeg::wait_for_phone(Ending otherwise) {
  asio::steady_timer timer{control_, bye_patience};
  co_await timer.async_wait(asio::use_awaitable);
  co_return otherwise;
}

agent::ConversationServices ControlLeg::services() {
  agent::ConversationServices services{control_, provider_, timeline_, ledger_,
                                       agent::tool_factory(options_.tool_options)};
  services.observer.on_message = on_sideband_event_;
  services.hold_sound = options_.hold_sound;
  services.lines_kept = 0;
  services.reattach_patience = reattach_patience;
  return services;
}

asio::awaitable<Result<agent::PendingCall>> ControlLeg::wait_for_webhook() {
  const auto deadline = options_.webhook_deadline;
  auto call = co_await with_timeout(wait_in(incoming_, call_header_id_), deadline);
  if (!call && call.error().code == Errc::timed_out) {
    const std::string event =
        api() == agent::Api::live ? "live.transport.incoming" : "realtime.call.incoming";
    co_return fail(Errc::timed_out, "webhook: " + event + " did not come within " +
                                        std::to_string(deadline.count() / 1'000) + " s" +
                                        std::string{three_reasons});
  }
  co_return call;
}

asio::awaitable<Result<>> ControlLeg::hang_up_over_rest() {
  Result<> ended;
  if (api() == agent::Api::live) {
    openai::LiveApi live{provider_, agent::retry_marks(timeline_)};
    ended = co_await live.hang_up(call_id_);
  } else {
    openai::CallsApi realtime{provider_, agent::retry_marks(timeline_)};
    ended = co_await realtime.hang_up(call_id_);
  }
  co_return ended;
}

asio::awaitable<void> ControlLeg::part(bool hang_up) {
  if (!conversation_) {
    co_return;
  }
  if (hang_up && conversation_->may_be_accepted()) {
    timeline_.mark("rest", "hangup.sent");
    const auto ended = co_await hang_up_over_rest();
    if (!ended) {
      timeline_.mark("rest", "hangup.failed", {{"error", ended.error().detail}});
    }
  }
  co_await conversation_->close();
}

std::optional<Timeline::Clock::time_point> ControlLeg::accepted_at() const noexcept {
  return conversation_ ? conversation_->accepted_at() : std::nullopt;
}

std::uint64_t ControlLeg::malformed_events() const noexcept {
  return conversation_ ? conversation_->malformed_events() : 0;
}

bool ControlLeg::tools_running() const noexcept {
  return conversation_ && conversation_->tools_running();
}

const agent::TurnState& ControlLeg::turns() const noexcept {
  return conversation_ ? conversation_->turns() : nothing_yet_;
}

std::vector<agent::TranscriptLine> ControlLeg::transcript() const {
  return conversation_ ? conversation_->transcript().lines() : std::vector<agent::TranscriptLine>{};
}

}  // namespace offhook::call
