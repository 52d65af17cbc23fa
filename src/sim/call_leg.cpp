#include "sim/call_leg.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "sim/model.hpp"
#include "sim/replay/replay_model.hpp"
#include "sim/sip_reason.hpp"

namespace offhook::sim {
namespace {

constexpr std::chrono::seconds slow_sip_answer{1};

}  // namespace

CallLeg::CallLeg(LegContext context, LegIdentity identity, OfferedCall offered)
    : SessionLeg{std::move(context), std::move(identity), std::move(offered.call)},
      codec_{offered.codec},
      sockets_{std::move(offered.sockets)},
      capabilities_{std::move(offered.capabilities)},
      answer_{std::move(offered.answer)},
      deadline_{context_.control},
      patience_{context_.control},
      nobody_there_{quirks_.has(Quirk::invite_unanswered)} {}

std::shared_ptr<CallLeg> CallLeg::own() { return std::static_pointer_cast<CallLeg>(self()); }

void CallLeg::start() {
  context_.calls.add(call_ids_, self());
  follow_call();
  await_decision();
  ring(Ringing::at_once);
  if (quirks_.has(Quirk::invite_unanswered)) {
    leave_waiting();
  }
}

void CallLeg::ring(Ringing when) {
  if (!nobody_there_ && context_.config.assumptions.ringing == when) {
    call_->ring();
  }
}

void CallLeg::describe(boost::json::object& call) const {
  call["direction"] = "incoming";
  call["codec"] = answer_.media.codec.name;
  call["srtp"] = secure();
  SessionLeg::describe(call);
}

void CallLeg::refuse_caller(int status) {
  if (!nobody_there_) {
    call_->reject(status, sip_reason(status));
  }
}

void CallLeg::say_goodbye() {
  if (!nobody_there_) {
    SessionLeg::say_goodbye();
  }
}

void CallLeg::leave_waiting() {
  patience_.expires_after(context_.config.caller_patience);
  patience_.async_wait([weak = std::weak_ptr{own()}](const boost::system::error_code& error) {
    const auto leg = weak.lock();
    if (!error && leg) {
      leg->journal_.mark("caller.forgotten");
      leg->call_->forget();
      leg->finish("the caller waited in vain", CallEnd::lost);
    }
  });
}

void CallLeg::await_decision() {
  deadline_.expires_after(context_.config.accept_deadline);
  deadline_.async_wait([weak = std::weak_ptr{own()}](const boost::system::error_code& error) {
    const auto leg = weak.lock();
    if (!error && leg && !leg->decided_ && !leg->finished_) {
      leg->refuse_caller(leg->context_.config.assumptions.deadline_status);
      leg->finish("no decision in time");
    }
  });
}

bool CallLeg::on_sip_event(const sip::CallEvent& event) {
  using Kind = sip::CallEvent::Kind;
  const bool over = event.kind == Kind::closed || event.kind == Kind::failed;
  if (over) {
    patience_.cancel();
  }
  if (over && !decided_ && !finished_) {
    if (quirks_.has(Quirk::accept_after_cancel)) {
      journal_.mark("cancelled.unnoticed");
      nobody_there_ = true;
    } else {
      finish("cancelled by the caller", event.error ? CallEnd::lost : CallEnd::remote);
    }
    return false;
  }
  const bool goes_on = SessionLeg::on_sip_event(event);
  if (event.kind == Kind::confirmed && quirks_.has(Quirk::bye_during_accept) && !finished_) {
    call_->hang_up();
    finish("quirk: BYE during accept");
  }
  return goes_on;
}

void CallLeg::decided(std::string_view model) {
  decided_ = true;
  deadline_.cancel();
  journal_.mark("accepted", {{"model", model}, {"api", live_ ? "live" : "realtime"}});
}

void CallLeg::accept(SessionConfig config) {
  decided(config.model());
  record_events();
  model_ = fixture_ == nullptr ? converse(std::move(config)) : replay(config);
  answer_in_time();
}

std::unique_ptr<CallModel> CallLeg::converse(SessionConfig config) {
  SessionOptions options{persona(), ids_.for_call()};
  options.now = std::chrono::steady_clock::now();
  options.unix_now = clock_->unix_seconds();
  options.clock = clock_;
  options.lifetime = lifetime(context_.config.assumptions.session_lifetime);
  options.await_words = true;
  options.brain = context_.brain != nullptr;
  options.rate_limits = context_.config.assumptions.rate_limits;
  options.transcription_fails = quirks_.has(Quirk::transcription_failed);
  options.first_response_fails = quirks_.has(Quirk::response_failed);
  options.first_response_is_cut = quirks_.has(Quirk::content_filter);
  return std::make_unique<Model>(std::move(config), std::move(options), hearing(codec_), speaker_,
                                 context_.voice, model_hooks());
}

std::unique_ptr<CallModel> CallLeg::replay(const SessionConfig& config) {
  const boost::json::value* const session = fixture_->session_created.if_contains("session");
  if (session != nullptr && session->is_object()) {
    if (const auto departed = session_difference(session->get_object(), config.json())) {
      journal_.mark("replay.departed", {{"fixture", fixture_->name},
                                        {"at", "session." + departed->at},
                                        {"expected", departed->expected},
                                        {"got", departed->got}});
    }
  }
  const auto left = lifetime(context_.config.assumptions.session_lifetime);
  ReplaySession replayed{fixture_, ids_.for_call(), clock_->unix_seconds() + left.count()};
  return std::make_unique<ReplayModel>(std::move(replayed), speaker_, model_hooks());
}

void CallLeg::accept_live(LiveConfig config) {
  if (fixture_ != nullptr) {
    journal_.mark("replay.departed", {{"fixture", fixture_->name},
                                      {"expected", "accept by the Realtime API"},
                                      {"got", "accept by the Live API"}});
  }
  const std::string model = config.model();
  start_live(std::move(config), codec_, {context_.config.assumptions.session_lifetime});
  decided(model);
  answer_in_time();
}

void CallLeg::fail_accepted() {
  decided_ = true;
  deadline_.cancel();
  journal_.mark("accepted", {{"bad", true}});
  refuse_caller(400);
  finish("accepted by a body that is wrong");
}

void CallLeg::answer_in_time() {
  if (quirks_.has(Quirk::accept_then_fail)) {
    refuse_caller(400);
    finish("quirk: accepted, then failed");
    return;
  }
  ring(Ringing::after_accept);
  if (!quirks_.has(Quirk::slow)) {
    answer();
    return;
  }
  deadline_.expires_after(slow_sip_answer);
  deadline_.async_wait([weak = std::weak_ptr{own()}](const boost::system::error_code& error) {
    const auto leg = weak.lock();
    if (!error && leg && !leg->finished_) {
      leg->answer();
    }
  });
}

void CallLeg::answer() {
  if (!nobody_there_) {
    if (!start_media(std::move(*sockets_), answer_.media)) {
      refuse_caller(500);
      finish("no media");
      return;
    }
    sip::ServerQuirks quirks;
    quirks.omit_content_type = quirks_.has(Quirk::omit_content_type);
    quirks.sips_contact = quirks_.has(Quirk::sips_contact);
    call_->answer(answer_.sdp, capabilities_, answer_.media, quirks);
  }
  sockets_.reset();
  context_.calls.set_answered(call_ids_);
  journal_.mark("answered", {{"codec", answer_.media.codec.name},
                             {"srtp", answer_.media.profile == sip::SdpProfile::savp}});
  start_ticking();
}

void CallLeg::reject(int status) {
  decided_ = true;
  deadline_.cancel();
  journal_.mark("rejected", {{"status", status}});
  if (quirks_.has(Quirk::reject_silent)) {
    leave_waiting();
  } else {
    refuse_caller(status);
  }
  finish("rejected");
}

}  // namespace offhook::sim
