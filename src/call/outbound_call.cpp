#include "call/outbound_call.hpp"

#include <algorithm>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/race.hpp"
#include "base/random.hpp"
#include "call/phone_leg.hpp"
#include "call/waits.hpp"

namespace offhook::call {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Silence after the end of the input that counts as "the model has said its last word".
constexpr auto last_word_silence = 2'500ms;

/// 20 ms frames without sound that count as "the model is quiet" where events cannot tell.
constexpr std::uint32_t quiet_frames = 50;

/// Both halves of the call and what it is about: state that the branches below share.
struct LiveCall {
  CallServices& services;
  const CallOptions& options;
  PhoneLeg phone;
  ControlLeg control;
  std::vector<std::string> failed_files{};

  /// The sideband was away when the opening line ended: then only its sound can tell.
  [[nodiscard]] bool greeting_was_missed() const {
    return control.turns().had_gap() && services.audio.quiet_frames() > quiet_frames;
  }

  /// Live tells no turns, only words: the model's first ones are over, and so is its sound.
  [[nodiscard]] bool live_greeting_over() const {
    return control.api() == agent::Api::live && control.turns().greeting_over() &&
           services.audio.quiet_frames() > quiet_frames;
  }

  [[nodiscard]] bool greeting_over() const {
    if (!phone.answered()) {
      return false;
    }
    const bool told =
        control.api() == agent::Api::live ? live_greeting_over() : control.turns().greeting_over();
    return !options.agent.control || options.agent.say.empty() || told || greeting_was_missed();
  }

  /// Events tell it of Realtime; of Live, and without a controller, only the sound does.
  [[nodiscard]] bool model_quiet() const {
    const bool silent = services.audio.quiet_frames() > quiet_frames;
    if (!options.agent.control) {
      return silent;
    }
    return control.turns().idle() && !control.tools_running() &&
           (control.api() == agent::Api::realtime || silent);
  }
};

asio::awaitable<Ending> talk_to_openai(LiveCall& call) {
  if (call.options.agent.control) {
    const Ending ending = co_await call.control.run();
    co_return ending;
  }
  co_await pause(for_ever);  // somebody else's controller does it
  co_return Ending{};
}

/// Puts on the timeline what happens to the sound device.
void tell_of_device(CallAudio& audio, Timeline& timeline) {
  using Kind = audio::DeviceNotice::Kind;
  if (audio.device() == nullptr) {
    return;
  }
  while (const auto notice = audio.device()->next_notice()) {
    // Not "name": that is the step's own key.
    boost::json::object detail{{"device", audio::to_string(notice->device)},
                               {notice->kind == Kind::lost ? "why" : "uses", notice->text}};
    if (notice->kind == Kind::lost) {
      detail["note"] = "silence until a device is there";
    } else if (notice->kind == Kind::echo_removed) {
      detail["note"] = "the sound server cancels the echo: ours steps aside";
    }
    timeline.mark("audio", audio::to_string(notice->kind), std::move(detail), notice->at);
  }
}

/// Puts on the timeline which sound file cannot be written any further.
void tell_of_files(LiveCall& call) {
  while (auto path = call.services.audio.next_failed_file()) {
    call.services.timeline.mark(
        "audio", "file.failed",
        {{"file", *path},
         {"note", "it could not be written any further, is the disk full? The call goes on"}});
    call.failed_files.push_back(std::move(*path));
  }
}

/// What the device has gone through. Before the call is ended: without it, the device runs dry.
std::optional<audio::DeviceStats> tell_device_figures(CallAudio& audio, Timeline& timeline) {
  if (audio.device() == nullptr) {
    return std::nullopt;
  }
  tell_of_device(audio, timeline);
  const audio::DeviceStats stats = audio.device()->stats();
  timeline.mark("audio", "device", to_json(stats));
  return stats;
}

/// Starts the input file and the `--dtmf` digits when their time has come, and ends the call once
/// the file is over and the answer to it has been heard.
asio::awaitable<Ending> speak_and_wait_for_last_word(LiveCall& call) {
  CallAudio& audio = call.services.audio;
  bool digits_sent = call.options.phone.dtmf.empty();
  auto quiet_since = agent::TurnState::Clock::now();
  for (;;) {
    co_await pause(50ms);
    tell_of_device(audio, call.services.timeline);
    tell_of_files(call);
    const auto now = agent::TurnState::Clock::now();
    if (call.greeting_over() || !call.options.audio.start_after_greeting) {
      audio.start_input();
    }
    if (call.greeting_over() && !digits_sent) {
      digits_sent = true;
      call.phone.send_digits(call.options.phone.dtmf);
    }
    if (!audio.input_ended() || !call.model_quiet()) {
      quiet_since = now;
    }
    if (now - std::max(quiet_since, call.control.turns().last_activity()) > last_word_silence) {
      co_return Ending{CallResult::completed, {}};
    }
  }
}

/// An INVITE that nobody answers does not ring for ever.
asio::awaitable<Ending> give_up_without_answer(LiveCall& call) {
  const PhoneOptions& limits = call.options.phone;
  const auto began = Timeline::Clock::now();
  while (!call.phone.answered()) {
    const auto now = Timeline::Clock::now();
    if (!call.phone.heard_from_peer() && now - began > limits.no_answer) {
      co_return Ending{CallResult::no_answer,
                       "sip: no answer to the INVITE within " +
                           std::to_string(limits.no_answer.count()) + " s; check that " +
                           limits.sip_target + " is right and that TCP to its port is not blocked"};
    }
    if (call.control.accepted_at() && now - *call.control.accepted_at() > limits.after_accept) {
      co_return Ending{CallResult::no_answer,
                       "sip: the call was accepted but not answered within " +
                           std::to_string(limits.after_accept.count()) + " s; try again later"};
    }
    if (now - began > limits.final_answer) {
      co_return Ending{CallResult::no_answer, "sip: no final answer to the INVITE within " +
                                                  std::to_string(limits.final_answer.count()) +
                                                  " s; check that somebody accepts the call"};
    }
    co_await pause(100ms);
  }
  co_await pause(for_ever);
  co_return Ending{};
}

asio::awaitable<Ending> obey_user(LiveCall& call) {
  for (;;) {
    const UserCommands::Command command = co_await call.services.user.next();
    switch (command.kind) {
      case UserCommands::Command::Kind::hang_up: co_return Ending{CallResult::hung_up_by_user, {}};
      case UserCommands::Command::Kind::digit: call.phone.send_digits({&command.digit, 1}); break;
      case UserCommands::Command::Kind::toggle_mute:
        call.services.audio.mute(!call.services.audio.muted());
        call.services.timeline.mark("call", call.services.audio.muted() ? "muted" : "unmuted");
        break;
    }
  }
}

Ending ending_of_dial(const Error& error) {
  if (error.code == Errc::invalid_argument || error.code == Errc::authentication_failed) {
    return {CallResult::tls_failed, error.detail};
  }
  if (error.code == Errc::not_found || error.code == Errc::unreachable) {
    return {CallResult::unreachable, error.detail};
  }
  return {CallResult::media_failed, error.detail};
}

asio::awaitable<Ending> live(LiveCall& call) {
  // 1. Dial: media sockets, SDP offer, INVITE over TLS that carries our X-Offhook-Call.
  const auto dialled = co_await call.phone.dial();
  if (!dialled) {
    co_return ending_of_dial(dialled.error());
  }

  // 2. Everything at once, until the first ends the call: the phone (answer, media, BYE), the
  //    controller (webhook, accept, sideband, conversation), the person, the input, the clock.
  Ending ending =
      co_await first_of(call.phone.follow(), talk_to_openai(call), give_up_without_answer(call),
                        speak_and_wait_for_last_word(call), obey_user(call),
                        wait_for_time_limit(call.options.max_duration));
  co_return ending;
}

CallReport report_of(const LiveCall& call, Ending ending, const SetupTimes& setup) {
  CallReport report;
  report.ending = std::move(ending);
  report.call_id = call.control.call_id();
  report.sip_call_id = call.phone.sip_call_id();
  report.setup = setup;
  report.rtp = call.phone.stats();
  report.transcript = call.control.transcript();
  report.malformed_events = call.control.malformed_events();
  report.recording_frames_dropped = call.services.audio.dropped_recording_frames();
  report.failed_files = call.failed_files;
  if (call.phone.media()) {
    const sip::NegotiatedMedia& media = *call.phone.media();
    report.codec = media.codec.name;
    report.srtp = media.profile == sip::SdpProfile::savp ? media.srtp_suite : "off";
  }
  return report;
}

}  // namespace

asio::awaitable<CallReport> run_outbound_call(CallServices services, CallOptions options) {
  const std::string id = random_hex(16);
  Timeline& timeline = services.timeline;
  SetupTimes setup;
  double answered_ms = -1;
  const auto subscription = timeline.subscribe([&](const Mark& mark) {
    setup.on_mark(mark);
    if (mark.source == "sip" && mark.name == "answered") {
      answered_ms = mark.at_ms;
    }
  });
  LiveCall call{services, options,
                PhoneLeg{services.control, services.sip_loop, services.engine, timeline,
                         services.audio, options.phone, id},
                ControlLeg{services.control, services.incoming, services.provider, timeline,
                           options.agent, id, services.on_sideband_event}};

  auto settled = co_await settle(live(call));

  // 3. Part, whatever happened: no leg stays open, also when we were cancelled or something threw.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  Ending ending = unwrap_ending(std::move(settled));
  timeline.mark("call", "ending",
                {{"result", to_string(ending.result)}, {"reason", ending.reason}});
  const double ended_ms = timeline.ms_at(Timeline::Clock::now());
  const auto device = tell_device_figures(services.audio, timeline);
  tell_of_files(call);
  const bool peer_knows = co_await call.phone.part();
  const bool hang_up_over_rest = !peer_knows;
  co_await call.control.part(hang_up_over_rest);
  timeline.mark("call", "ended");

  CallReport report = report_of(call, std::move(ending), setup);
  report.device = device;
  report.duration_ms = answered_ms < 0 ? 0 : ended_ms - answered_ms;
  co_return report;
}

}  // namespace offhook::call
