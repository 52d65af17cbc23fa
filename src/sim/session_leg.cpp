#include "sim/session_leg.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "base/json.hpp"
#include "sim/redaction.hpp"

namespace offhook::sim {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto tick_interval = 20ms;
constexpr auto last_words_limit = 500ms;
constexpr auto sideband_fault_delay = 1'500ms;
constexpr std::chrono::milliseconds longest_sideband{12'000};
constexpr std::chrono::seconds short_lifetime{3};

/// No JSON, no event, or not what their type says.
constexpr std::array<std::string_view, 9> broken_events{
    "",
    "{",
    "null",
    "[]",
    R"({"event_id":"event_broken"})",
    R"({"type":7,"event_id":"event_broken"})",
    R"({"type":"response.created","event_id":"event_broken","response":"none"})",
    R"({"type":"conversation.item.added","event_id":"event_broken","item":[1,null]})",
    R"({"type":"response.output_audio_transcript.done","event_id":"event_broken","transcript":{}})",
};
constexpr std::size_t many_brackets = 100'000;

/// With a reserved bit that no extension was agreed on for (RFC 6455 section 5.2).
std::string broken_frame() { return "\xC1\x02{}"; }

/// The header of a text of 2^62 bytes, and the first of them.
std::string giant_frame() {
  return std::string{"\x81\x7F\x40\0\0\0\0\0\0\0", 10} + std::string(1'000, ' ');
}

}  // namespace

SessionLeg::SessionLeg(LegContext context, LegIdentity identity, std::optional<sip::Call> call)
    : context_{std::move(context)},
      call_ids_{std::move(identity.call_ids)},
      ids_{std::move(identity.ids)},
      quirks_{identity.quirks},
      journal_{std::move(identity.journal)},
      clock_{std::move(identity.clock)},
      fixture_{std::move(identity.fixture)},
      call_{std::move(call)},
      servers_{std::in_place, context_.control, context_.tls},
      media_{context_.control, context_.engine, quirks_, identity.dice},
      observers_{quirks_.has(Quirk::extra_fields)},
      events_{quirks_, identity.dice},
      sideband_fault_{context_.control},
      dice_{identity.dice} {
  for (const Quirk fault : {Quirk::sideband_drop, Quirk::broken_frame, Quirk::giant_frame}) {
    if (quirks_.has(fault)) {
      sideband_faults_.push_back(fault);
    }
  }
  if (context_.brain != nullptr) {
    brain_.emplace(context_.control, *context_.brain, context_.tls);
  }
}

void SessionLeg::follow_call() {
  asio::co_spawn(context_.control, follow_sip(shared_from_this()),
                 asio::bind_cancellation_slot(give_up_.slot(), asio::detached));
}

void SessionLeg::describe(json::object& call) const {
  json::array quirks;
  for (const std::string_view name : quirks_.names()) {
    quirks.push_back(json::value(name));
  }
  if (call_) {
    call["sip_call_id"] = call_->call_id();
  }
  call["quirks"] = std::move(quirks);
  call["observers"] = observers_.size();
}

void SessionLeg::abandon() {
  finish("abandoned", CallEnd::lost);
  give_up_.emit(asio::cancellation_type::terminal);
}

asio::awaitable<void> SessionLeg::follow_sip(std::shared_ptr<SessionLeg> self) {
  for (;;) {
    const sip::CallEvent event = co_await self->call_->next_event();
    const bool goes_on = self->on_sip_event(event);
    if (!goes_on) {
      co_return;
    }
  }
}

bool SessionLeg::on_sip_event(const sip::CallEvent& event) {
  using Kind = sip::CallEvent::Kind;
  if (finished_) {
    return event.kind != Kind::failed && event.kind != Kind::closed;
  }
  switch (event.kind) {
    case Kind::confirmed: journal_.mark("confirmed"); return true;
    case Kind::referred: journal_.mark("referred", {{"status", event.status}}); return true;
    case Kind::media_offer:
      if (media_.stream() != nullptr && event.media) {
        const auto updated = media_.update(*event.media);
        journal_.mark("media.changed", {{"applied", updated.has_value()}});
      }
      return true;
    case Kind::failed:
    case Kind::closed:
      finish("closed by the other side", event.error ? CallEnd::lost : CallEnd::remote);
      return false;
    case Kind::sent:
    case Kind::progress:
    case Kind::answered:
    case Kind::refer: return true;
  }
  return true;
}

ModelHooks SessionLeg::model_hooks() {
  ModelHooks hooks;
  hooks.send = [this](const json::object& event) { send(event); };
  hooks.end_call = [this] { on_session_end(); };
  hooks.send_digit = [this](char digit) -> Result<> {
    if (media_.stream() == nullptr) {
      return fail(Errc::unsupported, "the call has no media yet");
    }
    return media_.stream()->send_digits({&digit, 1});
  };
  hooks.think = [this](const std::string& id, json::object request, Brain::OnPart tell) {
    think(id, std::move(request), std::move(tell));
  };
  hooks.stop_thinking = [this](const std::string& id) { stop_thinking(id); };
  hooks.heard = [this](const std::string& turn_id, std::string_view words) {
    if (const auto& record = journal_.record(); record != nullptr && !live_) {
      record->transcript.on_heard(turn_id, words, told_ms(*record));
    }
  };
  hooks.list_tools = [this](const json::object& tool, McpClients::OnTools tell) {
    list_tools(tool, std::move(tell));
  };
  hooks.call_tool = [this](const CallTool& call, McpClients::OnOutput tell) {
    call_tool(call, std::move(tell));
  };
  hooks.observed = [this] { return !observers_.empty(); };
  if (quirks_.has(Quirk::phantom_speech)) {
    phantom_.emplace(context_.voice);
    hooks.haunt = [this](CallerFrame& frame) { phantom_->haunt(frame); };
  }
  if (quirks_.has(Quirk::wrong_voice)) {
    hooks.first_voice = context_.voice.another();
  }
  hooks.mark = [this](std::string_view name, const json::object& detail) {
    journal_.mark(name, detail);
  };
  return hooks;
}

void SessionLeg::think(const std::string& id, json::object request, Brain::OnPart tell) {
  const auto asked_at = std::chrono::steady_clock::now();
  auto on_part = [journal = journal_, asked_at, first = std::optional<std::int64_t>{},
                  tell = std::move(tell)](Result<ReplyPart> part) mutable {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::steady_clock::now() - asked_at)
                          .count();
    first = first.value_or(took);
    if (!part) {
      journal.mark("brain.failed", {{"why", part.error().detail}});
    } else if (part->last) {
      journal.mark("brain.answered", {{"first_ms", *first}, {"ms", took}});
    }
    tell(std::move(part));
  };
  brain_->ask(id, std::move(request), std::move(on_part));
}

void SessionLeg::stop_thinking(const std::string& id) {
  if (brain_->stop(id)) {
    journal_.mark("brain.cancelled");
  }
}

void SessionLeg::list_tools(const json::object& tool, McpClients::OnTools tell) {
  const std::string label{json_string(json::value(tool), "server_label")};
  servers_->list(
      tool, [journal = journal_, label, tell = std::move(tell)](McpResult<json::array> tools) {
        if (tools) {
          journal.mark("mcp.listed", {{"server", label}, {"tools", tools->size()}});
        } else {
          journal.mark("mcp.failed", {{"server", label}, {"why", tools.error().message}});
        }
        tell(std::move(tools));
      });
}

void SessionLeg::call_tool(const CallTool& call, McpClients::OnOutput tell) {
  const auto asked_at = std::chrono::steady_clock::now();
  auto done = [journal = journal_, asked_at, server = call.server, name = call.name,
               tell = std::move(tell)](McpResult<std::string> output) {
    const auto took = std::chrono::steady_clock::now() - asked_at;
    json::object fields{
        {"server", server},
        {"tool", name},
        {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}};
    if (!output) {
      fields["why"] = output.error().message;
    }
    journal.mark(output ? "mcp.returned" : "mcp.call_failed", fields);
    tell(std::move(output));
  };
  servers_->call(call.server, call.name, call.arguments, std::move(done));
}

Hearing SessionLeg::hearing(audio::CodecId codec) const {
  const bool narrowband = codec == audio::CodecId::pcmu || codec == audio::CodecId::pcma;
  return {ScriptRecogniser{context_.config.heard}, context_.listener, narrowband};
}

Persona SessionLeg::persona() const {
  const SimConfig& config = context_.config;
  return config.persona ? Persona{*config.persona, config.replies} : Persona{config.replies};
}

std::chrono::seconds SessionLeg::lifetime(std::chrono::milliseconds usual) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(usual);
  return quirks_.has(Quirk::early_expiry) ? std::min(seconds, short_lifetime) : seconds;
}

LiveModel& SessionLeg::start_live(LiveConfig config,
                                  audio::CodecId codec,
                                  const LiveLimits& limits) {
  live_ = true;
  LiveOptions options{persona(), ids_.for_call(), call_ids_.live};
  options.now = std::chrono::steady_clock::now();
  options.unix_now = clock_->unix_seconds();
  options.clock = clock_;
  options.lifetime = lifetime(limits.lifetime);
  options.ringing = limits.ringing;
  options.content_filter = quirks_.has(Quirk::content_filter);
  options.brain = context_.brain != nullptr;
  auto model = std::make_unique<LiveModel>(std::move(config), std::move(options), hearing(codec),
                                           speaker_, context_.voice, model_hooks());
  LiveModel& live = *model;
  model_ = std::move(model);
  return live;
}

Result<> SessionLeg::start_media(media::MediaSockets sockets, const sip::NegotiatedMedia& media) {
  auto started = media_.start(std::move(sockets), media, near_side());
  if (!started) {
    journal_.mark("media.failed", {{"why", started.error().detail}});
  } else if (recorded_events_) {
    recorded_events_->sound_begins();
  }
  return started;
}

void SessionLeg::start_ticking() {
  asio::co_spawn(context_.control, tick(shared_from_this()), asio::detached);
}

void SessionLeg::record_events() {
  const std::string& folder = context_.config.record;
  if (folder.empty()) {
    return;
  }
  auto writer = FixtureWriter::create(folder + "/" + call_ids_.main() + ".jsonl");
  if (!writer) {
    journal_.mark("recording.failed", {{"why", writer.error().detail}});
    return;
  }
  recorded_events_.emplace(std::move(*writer));
}

audio::Port& SessionLeg::near_side() {
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

asio::awaitable<void> SessionLeg::tick(std::shared_ptr<SessionLeg> self) {
  asio::steady_timer timer{self->context_.control};
  while (!self->finished_) {
    const auto now = std::chrono::steady_clock::now();
    self->media_.tick(now);
    self->drain_media_events();
    self->model_->tick(now);
    self->send_due(now);
    self->watch_silence(now);
    timer.expires_at(now + tick_interval);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

/// Nothing of the caller for too long ends the call, where that is assumed.
void SessionLeg::watch_silence(Time now) {
  const auto limit = context_.config.assumptions.rtp_silence;
  if (!limit || media_.stream() == nullptr) {
    return;
  }
  const std::uint64_t received = media_.stream()->stats().packets_received;
  if (std::exchange(received_, received) != received || heard_at_ == Time{}) {
    heard_at_ = now;
  }
  if (now - heard_at_ >= *limit) {
    say_goodbye();
    finish("no RTP came");
  }
}

void SessionLeg::drain_media_events() {
  media::Stream* const stream = media_.stream();
  if (stream == nullptr) {
    return;
  }
  for (auto event = stream->next_event(); event; event = stream->next_event()) {
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

void SessionLeg::hang_up() {
  say_goodbye();
  finish("hung up here");
}

void SessionLeg::refer(std::string target_uri) {
  if (quirks_.has(Quirk::refer_silent)) {
    journal_.mark("refer.swallowed", {{"target_uri", target_uri}});
    return;
  }
  journal_.mark("refer.sent", {{"target_uri", target_uri}});
  call_->refer(std::move(target_uri));
}

void SessionLeg::on_session_end() {
  asio::co_spawn(context_.control, expire(shared_from_this()), asio::detached);
}

/// The model wants the end: the last words still reach the observers, then everything ends.
asio::awaitable<void> SessionLeg::expire(std::shared_ptr<SessionLeg> self) {
  // A coroutine begins at once where it is spawned, which here is within the model that asks.
  co_await asio::post(self->context_.control, asio::use_awaitable);
  asio::steady_timer timer{self->context_.control};
  const auto limit = std::chrono::steady_clock::now() + last_words_limit;
  while (!self->observers_.idle() && std::chrono::steady_clock::now() < limit) {
    timer.expires_after(tick_interval);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (!self->finished_) {
    self->say_goodbye();
    self->finish("ended by the session");
  }
}

void SessionLeg::attach(std::shared_ptr<Observer> observer) {
  if (finished_ || !model_) {
    observer->drop();
    return;
  }
  if (context_.config.assumptions.newest_sideband) {
    observers_.drop_all();
  }
  observers_.add(observer);
  journal_.mark("sideband.attached", {{"observers", observers_.size()}});
  for (auto& event : model_->greeting()) {
    keep(event);
    observers_.send_to(*observer, std::move(event));
  }
  if (quirks_.has(Quirk::unknown_events)) {
    observers_.send_to(*observer, {{"type", "session.weather_changed"},
                                   {"event_id", ids_.realtime("event_")},
                                   {"weather", json::object{{"sky", "clear"}}}});
  }
  if (quirks_.has(Quirk::broken_events)) {
    journal_.mark("events.broken", {{"count", broken_events.size()}});
    for (const std::string_view text : broken_events) {
      observer->send(std::string{text});
    }
    observer->send(std::string(many_brackets, '['));
  }
  break_sideband_later(observer);
}

/// Each sideband gets the next of the faults that end one.
void SessionLeg::break_sideband_later(const std::shared_ptr<Observer>& observer) {
  Quirk fault = Quirk::sideband_drop;
  std::chrono::milliseconds delay = sideband_fault_delay;
  if (!sideband_faults_.empty()) {
    fault = sideband_faults_.front();
    sideband_faults_.pop_front();
  } else if (quirks_.has(Quirk::sideband_drops)) {
    std::uniform_int_distribution<int> ms{0, static_cast<int>(longest_sideband.count())};
    delay = std::chrono::milliseconds{ms(dice_)};
  } else {
    return;
  }
  sideband_fault_.expires_after(delay);
  sideband_fault_.async_wait([weak = std::weak_ptr{observer}, journal = journal_,
                              fault](const boost::system::error_code& error) {
    const auto attached = weak.lock();
    if (attached == nullptr || error) {
      return;
    }
    journal.mark(fault == Quirk::sideband_drop ? "sideband.cut" : "sideband.broken");
    if (fault == Quirk::sideband_drop) {
      attached->drop();
    } else {
      attached->send_raw(fault == Quirk::broken_frame ? broken_frame() : giant_frame());
    }
  });
}

void SessionLeg::detach(const Observer& observer) {
  if (observers_.remove(observer)) {
    journal_.mark("sideband.detached", {{"observers", observers_.size()}});
  }
}

void SessionLeg::on_client_event(std::string_view text) {
  if (!finished_ && model_) {
    if (const auto& record = journal_.record()) {
      journal_.log("sideband", {{"direction", "received"},
                                {"event", show_event(text, record->log.limits().event)}});
    }
    if (recorded_events_) {
      recorded_events_->write("sent", text);
    }
    model_->on_client_event(text);
  }
}

void SessionLeg::send(const json::object& event) {
  note(event);
  keep(event);
  const auto now = std::chrono::steady_clock::now();
  events_.add(event, now, finished_);
  send_due(now);
}

void SessionLeg::send_due(Time now) {
  for (const auto& event : events_.take(now)) {
    observers_.send(event);
  }
}

double SessionLeg::told_ms(const CallRecord& record) const {
  return clock_->now_ms(record.log.ms_at(Timeline::Clock::now()));
}

void SessionLeg::keep(const json::object& event) {
  if (recorded_events_) {
    recorded_events_->write("received", json::serialize(event));
  }
  const auto& record = journal_.record();
  if (record == nullptr) {
    return;
  }
  record->transcript.on_event(event, told_ms(*record));
  journal_.log("sideband",
               {{"direction", "sent"},
                {"observers", observers_.size()},
                {"event", show_event(json::serialize(event), record->log.limits().event)}});
}

/// Puts the steps of the conversation, not every word, on the timeline.
void SessionLeg::note(const json::object& event) {
  const json::value whole(event);
  const auto type = json_string(whole, "type");
  if (type == "response.done") {
    journal_.tell(type, {{"status", json_string(whole, "response.status")}});
  } else if (type == "response.output_audio_transcript.done") {
    journal_.tell("said", {{"text", json_string(whole, "transcript")}});
  } else if (type == "input_audio_buffer.dtmf_event_received") {
    journal_.tell("digit", {{"digit", json_string(whole, "event")}});
  } else if (type == "session.closed") {
    journal_.tell(type, {{"reason", json_string(whole, "reason")}});
  } else if (type == "session.input_transcript.delta" ||
             type == "session.output_transcript.delta") {
    journal_.tell(type, {{"delta", json_string(whole, "delta")}});
  } else if (type == "error") {
    journal_.tell(type, {{"code", json_string(whole, "error.code")}});
  } else if (type == "response.created" || type == "input_audio_buffer.speech_started" ||
             type == "input_audio_buffer.speech_stopped" || type == "session.delegation.created" ||
             type.substr(0, 10) == "transport." ||
             type.substr(0, 29) == "session.output_audio.fixture." ||
             type.substr(0, 20) == "output_audio_buffer.") {
    journal_.tell(type);
  }
}

void SessionLeg::finish(std::string_view why, CallEnd end) {
  if (std::exchange(finished_, true)) {
    return;
  }
  const auto self = shared_from_this();  // the table may hold the last reference
  journal_.mark("ended", {{"why", why}});
  sideband_fault_.cancel();
  json::object facts = context_.calls.describe(call_ids_.main());
  facts["state"] = "ended";
  facts["why"] = why;
  context_.calls.remove(call_ids_);
  const bool loses = quirks_.has(Quirk::lost_last_events);
  if (loses) {
    journal_.mark("events.lost", {{"count", events_.size()}});
    events_.clear();
  }
  send_due(Time::max());
  if (model_) {
    model_->on_call_end(end);
  }
  if (!loses) {
    send_due(Time::max());  // what was said last
  }
  if (live_ || context_.config.assumptions.close_frame) {
    observers_.finish_all();
  } else {
    observers_.drop_all();  // OpenAI sends no close frame, either
  }
  media_.stop();
  servers_.reset();
  if (brain_ && brain_->waiting() > 0) {
    journal_.mark("brain.cancelled");
  }
  brain_.reset();
  model_.reset();
  context_.records.end(journal_.record(), std::move(facts));
}

}  // namespace offhook::sim
