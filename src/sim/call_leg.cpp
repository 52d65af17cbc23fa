#include "sim/call_leg.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "sim/live_model.hpp"
#include "sim/model.hpp"

namespace offhook::sim {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto tick_interval = 20ms;
constexpr auto last_words_limit = 500ms;

std::string_view reason_phrase(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 408: return "Request Timeout";
    case 480: return "Temporarily Unavailable";
    case 486: return "Busy Here";
    case 488: return "Not Acceptable Here";
    case 503: return "Service Unavailable";
    case 600: return "Busy Everywhere";
    case 603: return "Decline";
    default: return "Rejected";
  }
}

}  // namespace

CallLeg::CallLeg(
    LegContext context, CallIds call_ids, Ids ids, OfferedCall offered, Journal journal)
    : context_{std::move(context)},
      call_ids_{std::move(call_ids)},
      ids_{std::move(ids)},
      journal_{std::move(journal)},
      codec_{offered.codec},
      call_{std::move(offered.call)},
      sockets_{std::move(offered.sockets)},
      capabilities_{std::move(offered.capabilities)},
      answer_{std::move(offered.answer)},
      observers_{context_.config.quirks.unknown_events},
      deadline_{context_.control},
      sideband_drop_{context_.control} {}

void CallLeg::start() {
  context_.calls.add(call_ids_, shared_from_this());
  asio::co_spawn(context_.control, follow_sip(shared_from_this()),
                 asio::bind_cancellation_slot(give_up_.slot(), asio::detached));
  await_decision();
}

void CallLeg::abandon() {
  finish("abandoned", CallEnd::lost);
  give_up_.emit(asio::cancellation_type::terminal);
}

void CallLeg::await_decision() {
  deadline_.expires_after(context_.config.accept_deadline);
  deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self && !self->decided_ && !self->finished_) {
      self->call_.reject(400, "Bad Request");
      self->finish("no decision in time");
    }
  });
}

asio::awaitable<void> CallLeg::follow_sip(std::shared_ptr<CallLeg> self) {
  for (;;) {
    const sip::CallEvent event = co_await self->call_.next_event();
    const bool goes_on = self->on_sip_event(event);
    if (!goes_on) {
      co_return;
    }
  }
}

bool CallLeg::on_sip_event(const sip::CallEvent& event) {
  using Kind = sip::CallEvent::Kind;
  if (finished_) {
    return event.kind != Kind::failed && event.kind != Kind::closed;
  }
  switch (event.kind) {
    case Kind::confirmed: journal_.mark("confirmed"); return true;
    case Kind::referred: journal_.mark("referred", {{"status", event.status}}); return true;
    case Kind::media_offer:
      if (stream_ && event.media) {
        const auto config = stream_config(*event.media);
        const auto updated = config ? stream_->update(*config) : fail(config.error());
        journal_.mark("media.changed", {{"applied", updated.has_value()}});
      }
      return true;
    case Kind::failed:
    case Kind::closed:
      finish(decided_ ? "closed by the caller" : "cancelled by the caller",
             event.error ? CallEnd::lost : CallEnd::remote);
      return false;
    case Kind::sent:
    case Kind::progress:
    case Kind::answered:
    case Kind::refer: return true;
  }
  return true;
}

void CallLeg::decided(std::string_view model) {
  decided_ = true;
  deadline_.cancel();
  journal_.mark("accepted", {{"model", model}, {"api", live_ ? "live" : "realtime"}});
}

ModelHooks CallLeg::model_hooks() {
  ModelHooks hooks;
  hooks.send = [this](const json::object& event) { send(event); };
  hooks.end_call = [this] {
    asio::co_spawn(context_.control, expire(shared_from_this()), asio::detached);
  };
  hooks.send_digit = [this](char digit) -> Result<> {
    if (!stream_) {
      return fail(Errc::unsupported, "the call has no media yet");
    }
    return stream_->send_digits({&digit, 1});
  };
  hooks.observed = [this] { return !observers_.empty(); };
  return hooks;
}

Hearing CallLeg::hearing() const {
  const bool narrowband = codec_ == audio::CodecId::pcmu || codec_ == audio::CodecId::pcma;
  return {ScriptRecogniser{context_.config.heard}, context_.listener, narrowband};
}

Persona CallLeg::persona() const {
  const SimConfig& config = context_.config;
  return config.persona ? Persona{*config.persona, config.replies} : Persona{config.replies};
}

void CallLeg::accept(SessionConfig config) {
  decided(config.model());
  SessionOptions options{persona(), ids_.for_call()};
  options.now = std::chrono::steady_clock::now();
  options.unix_now = unix_seconds();
  options.lifetime = context_.config.session_lifetime;
  options.await_words = true;
  model_ = std::make_unique<Model>(std::move(config), std::move(options), hearing(), speaker_,
                                   context_.voice, model_hooks());
  answer();
}

void CallLeg::accept_live(LiveConfig config) {
  live_ = true;
  decided(config.model());
  LiveOptions options{persona(), ids_.for_call(), call_ids_.live};
  options.now = std::chrono::steady_clock::now();
  options.unix_now = unix_seconds();
  options.lifetime = context_.config.session_lifetime;
  model_ = std::make_unique<LiveModel>(std::move(config), std::move(options), hearing(), speaker_,
                                       context_.voice, model_hooks());
  answer();
}

audio::Port& CallLeg::near_side() {
  const std::string& folder = context_.config.record;
  if (folder.empty()) {
    return speaker_;
  }
  auto recorder =
      audio::Recorder::create(folder + "/" + call_ids_.main() + ".wav", voice_rate_hz, 2);
  if (!recorder) {
    journal_.mark("recording.failed", {{"why", recorder.error().detail}});
    return speaker_;
  }
  return recorded_.emplace(speaker_, std::move(*recorder));
}

void CallLeg::answer() {
  const auto config = stream_config(answer_.media);
  auto stream = config ? context_.engine.add(std::move(*sockets_), *config, near_side())
                       : Result<media::Stream>{fail(config.error())};
  sockets_.reset();
  if (!stream) {
    journal_.mark("media.failed", {{"why", stream.error().detail}});
    call_.reject(500, "Server Internal Error");
    finish("no media");
    return;
  }
  stream_.emplace(std::move(*stream));
  call_.answer(answer_.sdp, capabilities_, answer_.media);
  context_.calls.set_answered(call_ids_);
  journal_.mark("answered", {{"codec", answer_.media.codec.name},
                             {"srtp", answer_.media.profile == sip::SdpProfile::savp}});
  asio::co_spawn(context_.control, tick(shared_from_this()), asio::detached);
}

asio::awaitable<void> CallLeg::tick(std::shared_ptr<CallLeg> self) {
  asio::steady_timer timer{self->context_.control};
  while (!self->finished_) {
    const auto now = std::chrono::steady_clock::now();
    self->drain_media_events();
    self->model_->tick(now);
    timer.expires_at(now + tick_interval);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void CallLeg::drain_media_events() {
  for (auto event = stream_->next_event(); event; event = stream_->next_event()) {
    using Kind = media::StreamEvent::Kind;
    if (event->kind == Kind::digit_received) {
      model_->on_digit(event->digit);
    } else if (event->kind == Kind::digit_sent) {
      model_->on_digit_sent(event->digit);
    } else if (event->kind == Kind::first_packet_received) {
      journal_.mark("media.received");
    } else if (event->kind == Kind::receive_timeout) {
      journal_.mark("media.silent");
    }
  }
}

void CallLeg::reject(int status) {
  decided_ = true;
  journal_.mark("rejected", {{"status", status}});
  call_.reject(status, std::string{reason_phrase(status)});
  finish("rejected");
}

void CallLeg::hang_up() {
  call_.hang_up();
  finish("hung up here");
}

void CallLeg::refer(std::string target_uri) {
  journal_.mark("refer.sent", {{"target_uri", target_uri}});
  call_.refer(std::move(target_uri));
}

/// The model wants the end: the last words still reach the observers, then everything ends.
asio::awaitable<void> CallLeg::expire(std::shared_ptr<CallLeg> self) {
  asio::steady_timer timer{self->context_.control};
  const auto limit = std::chrono::steady_clock::now() + last_words_limit;
  while (!self->observers_.idle() && std::chrono::steady_clock::now() < limit) {
    timer.expires_after(tick_interval);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (!self->finished_) {
    self->call_.hang_up();
    self->finish("ended by the session");
  }
}

void CallLeg::attach(std::shared_ptr<Observer> observer) {
  if (finished_ || !model_) {
    observer->drop();
    return;
  }
  observers_.add(observer);
  journal_.mark("sideband.attached", {{"observers", observers_.size()}});
  for (auto& event : model_->greeting()) {
    observers_.send_to(*observer, std::move(event));
  }
  if (context_.config.quirks.unknown_events) {
    observers_.send_to(*observer, {{"type", "session.weather_changed"},
                                   {"event_id", ids_.realtime("event_")},
                                   {"weather", json::object{{"sky", "clear"}}}});
  }
  drop_first_sideband_later(observer);
}

void CallLeg::drop_first_sideband_later(const std::shared_ptr<Observer>& first) {
  const int delay_ms = context_.config.quirks.sideband_drop_after_ms;
  if (delay_ms == 0 || std::exchange(dropped_sideband_, true)) {
    return;
  }
  sideband_drop_.expires_after(std::chrono::milliseconds{delay_ms});
  sideband_drop_.async_wait(
      [weak = std::weak_ptr{first}, journal = journal_](const boost::system::error_code& error) {
        if (const auto observer = weak.lock(); observer && !error) {
          journal.mark("sideband.cut");
          observer->drop();
        }
      });
}

void CallLeg::detach(const Observer& observer) {
  if (observers_.remove(observer)) {
    journal_.mark("sideband.detached", {{"observers", observers_.size()}});
  }
}

void CallLeg::on_client_event(std::string_view text) {
  if (!finished_ && model_) {
    model_->on_client_event(text);
  }
}

void CallLeg::send(const json::object& event) {
  note(event);
  observers_.send(event);
}

/// Puts the steps of the conversation, not every word, on the timeline.
void CallLeg::note(const json::object& event) {
  const json::value whole(event);
  const auto type = json_string(whole, "type");
  if (type == "response.done") {
    journal_.mark(type, {{"status", json_string(whole, "response.status")}});
  } else if (type == "response.output_audio_transcript.done") {
    journal_.mark("said", {{"text", json_string(whole, "transcript")}});
  } else if (type == "input_audio_buffer.dtmf_event_received") {
    journal_.mark("digit", {{"digit", json_string(whole, "event")}});
  } else if (type == "session.closed") {
    journal_.mark(type, {{"reason", json_string(whole, "reason")}});
  } else if (type == "session.input_transcript.delta" ||
             type == "session.output_transcript.delta") {
    journal_.mark(type, {{"delta", json_string(whole, "delta")}});
  } else if (type == "error") {
    journal_.mark(type, {{"code", json_string(whole, "error.code")}});
  } else if (type == "response.created" || type == "input_audio_buffer.speech_started" ||
             type == "input_audio_buffer.speech_stopped" || type == "session.delegation.created" ||
             type.substr(0, 10) == "transport." ||
             type.substr(0, 29) == "session.output_audio.fixture." ||
             type.substr(0, 20) == "output_audio_buffer.") {
    journal_.mark(type);
  }
}

void CallLeg::finish(std::string_view why, CallEnd end) {
  if (std::exchange(finished_, true)) {
    return;
  }
  const auto self = shared_from_this();  // the table may hold the last reference
  journal_.mark("ended", {{"why", why}});
  deadline_.cancel();
  sideband_drop_.cancel();
  context_.calls.remove(call_ids_);
  if (model_) {
    model_->on_call_end(end);
  }
  if (live_) {
    observers_.finish_all();
  } else {
    observers_.drop_all();  // OpenAI sends no close frame, either
  }
  model_.reset();
  stream_.reset();
  sockets_.reset();
}

}  // namespace offhook::sim
