#include "sim/outbound_leg.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace offhook::sim {
namespace {

constexpr std::chrono::seconds replay_time{3};
constexpr int ringing_from = 180;

}  // namespace

OutboundLeg::OutboundLeg(LegContext context,
                         LegIdentity identity,
                         media::MediaSockets sockets,
                         sip::MediaOffer offer)
    : SessionLeg{std::move(context), std::move(identity)},
      sockets_{std::move(sockets)},
      offer_{std::move(offer)},
      linger_{context_.control},
      ringing_{context_.control} {}

std::shared_ptr<OutboundLeg> OutboundLeg::own() {
  return std::static_pointer_cast<OutboundLeg>(self());
}

void OutboundLeg::start(LiveConfig config, const TrunkCall& trunk, sip::Endpoint& endpoint) {
  const Assumptions& assumed = context_.config.assumptions;
  session_ = &start_live(std::move(config), audio::CodecId::opus,
                         {assumed.outbound_lifetime, assumed.outbound_ringing});
  context_.calls.add(call_ids_, self());
  context_.calls.decide(Api::live, call_ids_.live, CallState::accepted);
  sip::InviteOptions options;
  options.target = trunk.target();
  options.from_user = trunk.caller;
  options.sdp = offer_.sdp;
  options.credentials = trunk.credentials;
  journal_.mark("dialling", {{"trunk", trunk.host}, {"destination", trunk.destination}});
  call_.emplace(endpoint.invite(std::move(options)));
  follow_call();
  limit_ringing();
  start_ticking();
}

void OutboundLeg::limit_ringing() {
  ringing_.expires_after(context_.config.assumptions.outbound_ringing);
  ringing_.async_wait([weak = std::weak_ptr{own()}](const boost::system::error_code& error) {
    const auto leg = weak.lock();
    if (error || !leg || leg->finished_ || leg->failed_ || leg->answered_) {
      return;
    }
    leg->journal_.mark("failed", {{"why", "nobody answered"}});
    leg->call_->hang_up();
    leg->fail_transport("Nobody answered in time");
  });
}

void OutboundLeg::describe(boost::json::object& call) const {
  call["direction"] = "outgoing";
  SessionLeg::describe(call);
}

bool OutboundLeg::on_sip_event(const sip::CallEvent& event) {
  using Kind = sip::CallEvent::Kind;
  if (const auto& record = journal_.record(); record != nullptr && !std::exchange(bound_, true)) {
    context_.records.bind(call_->call_id(), record);
  }
  if (failed_ && !finished_) {  // when it ends is for those to say who may still attach
    return event.kind != Kind::failed && event.kind != Kind::closed;
  }
  if (finished_) {
    return SessionLeg::on_sip_event(event);
  }
  if (event.kind == Kind::progress && event.status >= ringing_from && !std::exchange(rang_, true)) {
    journal_.mark("ringing", {{"status", event.status}});
    session_->on_ringing();
  } else if (event.kind == Kind::answered) {
    on_answer(event);
  } else if (event.kind == Kind::failed) {
    fail_transport(event.status != 0 ? "The provider answered " + std::to_string(event.status) +
                                           " " + event.reason
                                     : "The provider could not be called");
    journal_.mark("failed", {{"status", event.status},
                             {"why", event.error ? event.error->detail : event.reason}});
    return false;
  }
  return SessionLeg::on_sip_event(event);
}

void OutboundLeg::on_answer(const sip::CallEvent& event) {
  answered_ = true;
  ringing_.cancel();
  const auto media = sip::apply_answer(offer_, event.sdp);
  const auto started =
      media ? start_media(std::move(*sockets_), *media) : Result<>{fail(media.error())};
  sockets_.reset();
  if (!started) {
    journal_.mark("failed", {{"why", started.error().detail}});
    call_->hang_up();
    fail_transport("The provider's answer has no Opus over SRTP");
    return;
  }
  call_->set_media(offer_.capabilities, *media);
  context_.calls.set_answered(call_ids_);
  journal_.mark("answered", {{"codec", media->codec.name}, {"srtp", true}});
  session_->on_answered();
}

void OutboundLeg::fail_transport(const std::string& message) {
  failed_ = true;
  const bool seen = observed();
  session_->on_transport_failed("provider_invite_failed", message);
  if (seen) {
    finish("the transport failed", CallEnd::lost);
    return;
  }
  linger_.expires_after(replay_time);
  linger_.async_wait([weak = std::weak_ptr{own()}](const boost::system::error_code& error) {
    if (const auto leg = weak.lock(); leg && !error) {
      leg->finish("the transport failed", CallEnd::lost);
    }
  });
}

void OutboundLeg::attach(std::shared_ptr<Observer> observer) {
  SessionLeg::attach(std::move(observer));
  if (failed_) {
    finish("the transport failed", CallEnd::lost);
  }
}

/// A session that ends because its transport failed ends when somebody knows.
void OutboundLeg::on_session_end() {
  if (!failed_) {
    SessionLeg::on_session_end();
  }
}

}  // namespace offhook::sim
