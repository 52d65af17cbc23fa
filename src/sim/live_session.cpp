#include "sim/live_session.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/serialize.hpp>

#include "base/json.hpp"
#include "sim/persona_task.hpp"
#include "sim/stand_in_voice.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr int usage_interval_ms = 10'000;
constexpr std::string_view acknowledgement = "One moment, please.";
/// Tokens of context that a second of sound takes, and how many the model holds.
constexpr double tokens_per_second = 20;
constexpr double context_tokens = 128'000;

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (end > begin) {
      words.emplace_back(text.substr(begin, end - begin));
    }
    begin = end + 1;
  }
  return words;
}

std::string_view reason_of(CallEnd why) {
  switch (why) {
    case CallEnd::requested: return "close_requested";
    case CallEnd::remote: return "remote_hangup";
    case CallEnd::lost: return "connection_lost";
  }
  return "connection_lost";
}

/// Functions that the model may hand on: the tools of its Responses model, or what the instructions
/// name for a client that does the work itself.
json::array delegated_tools(const LiveConfig& config) {
  const json::value backend = config.backend();
  if (const json::value* const tools = json_at(backend, "tools"); tools && tools->is_array()) {
    return tools->get_array();
  }
  const auto task = task_in(config.instructions());
  return task ? json::array{json::object{{"name", task->function}}} : json::array{};
}

}  // namespace

LiveSession::LiveSession(LiveConfig config, LiveOptions options)
    : config_{std::move(config)},
      persona_{std::move(options.persona)},
      out_{std::move(options.ids)},
      id_{std::move(options.id)},
      started_event_id_{out_.ids().realtime("event_")},
      began_{options.now},
      now_{options.now},
      expires_at_unix_{
          options.unix_now +
          std::chrono::ceil<std::chrono::seconds>(options.lifetime + options.ringing).count()},
      expires_at_{options.now + options.lifetime + options.ringing},
      lifetime_{options.lifetime},
      clock_{std::move(options.clock)},
      usage_at_ms_{usage_interval_ms},
      content_filter_{options.content_filter} {
  out_.set_time(now_);
  if (options.brain) {
    talk_.emplace();
  }
}

void LiveSession::set_time(Time now) {
  now_ = std::max(now_, now);
  out_.set_time(now_);
}

int LiveSession::timeline_ms() const {
  return clock_->now_ms(static_cast<int>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now_ - began_).count()));
}

/// Made up time went by.
void LiveSession::pass(int ms) {
  if (clock_->made_up()) {
    clock_->advance(ms);
    tell_usage();
  }
}

void LiveSession::tell_usage() {
  while (timeline_ms() >= usage_at_ms_) {
    usage_at_ms_ += usage_interval_ms;
    const double ratio = timeline_ms() / 1'000.0 * tokens_per_second / context_tokens;
    out_.send("session.usage.updated",
              {{"usage", usage()}, {"context_window", json::object{{"usage_ratio", ratio}}}});
  }
}

json::object LiveSession::session_json() const {
  json::object session{{"id", id_}, {"status", "active"}, {"expires_at", expires_at_unix_}};
  for (const auto& [key, value] : config_.json()) {
    session.emplace(key, value);
  }
  return session;
}

json::object LiveSession::usage() const {
  return {{"seconds", static_cast<double>(timeline_ms() / 100) / 10}};
}

std::vector<json::object> LiveSession::greeting(Time now) {
  set_time(now);
  std::vector<json::object> events{
      {{"type", "session.started"}, {"event_id", started_event_id_}, {"session", session_json()}}};
  for (auto& event : out_.recent(now)) {
    events.push_back(std::move(event));
  }
  return events;
}

void LiveSession::on_speech_started(int audio_ms, Time now) {
  set_time(now);
  interrupt();
  speech_start_ms_ = clock_->begin_turn(audio_ms);
  pass(0);
}

void LiveSession::on_speech_stopped(int audio_ms, Time now) {
  set_time(now);
  if (!speech_start_ms_) {
    return;
  }
  const std::string id = out_.ids().realtime("turn_");
  const int end_ms = clock_->end_turn(audio_ms);
  turns_.push_back({id, *speech_start_ms_, std::max(end_ms, *speech_start_ms_)});
  pass(0);
  speech_start_ms_.reset();
  out_.act(Recognise{id});
}

void LiveSession::on_transcript(const std::string& turn_id, const std::string& text, Time now) {
  set_time(now);
  const auto found =
      std::find_if(turns_.begin(), turns_.end(), [&](const Turn& t) { return t.id == turn_id; });
  if (found == turns_.end() || closed_) {
    return;
  }
  const Turn turn = *found;
  turns_.erase(found);
  const auto words = words_of(text);
  const int count = static_cast<int>(words.size());
  for (int i = 0; i < count; ++i) {
    const int length = turn.end_ms - turn.start_ms;
    const std::string& word = words[static_cast<std::size_t>(i)];
    out_.send("session.input_transcript.delta",
              {{"delta", std::exchange(transcribed_input_, true) ? ' ' + word : word},
               {"start_ms", turn.start_ms + length * i / count},
               {"end_ms", turn.start_ms + length * (i + 1) / count}});
  }
  was_heard_ = true;
  if (talk_) {
    talk_->caller_said(text);
    think();
  } else {
    answer_caller(text);
  }
}

void LiveSession::answer_caller(const std::string& heard) {
  Prompt prompt;
  prompt.session_instructions = config_.instructions();
  prompt.heard = heard;
  prompt.caller_spoke = true;
  prompt.tools = delegated_tools(config_);
  const ReplyPart reply = whole(persona_.reply(prompt));
  if (reply.calls.empty()) {
    say(reply.words);
    return;
  }
  delegate(reply.calls);
  if (!reply.words.empty()) {
    acknowledge_at_.reset();
    say(reply.words);
  }
}

void LiveSession::on_digit(char digit, Time now) {
  set_time(now);
  if (!closed_) {
    out_.send("transport.dtmf.received", {{"event", std::string(1, digit)}});
  }
}

void LiveSession::on_digit_sent(char digit, Time now) {
  set_time(now);
  if (digits_.empty() || closed_) {
    return;
  }
  out_.send("transport.dtmf.sent", {{"event", std::string(1, digit)}}, digits_.front());
  digits_.pop_front();
}

void LiveSession::on_digit_failed(const std::string& why, Time now) {
  set_time(now);
  if (digits_.empty() || closed_) {
    return;
  }
  out_.send_error({"dtmf_send_failed", why, "event"}, digits_.back());
  digits_.pop_back();
}

void LiveSession::say(std::string text) { say(out_.ids().realtime("utt_"), std::move(text), true); }

/// Begins to say something, or goes on.
void LiveSession::say(const std::string& id, std::string text, bool last) {
  spoke_ = true;
  if (talk_) {
    talk_->model_says(id, text);
  }
  if (find_utterance(id) == nullptr) {
    utterances_.emplace_back().id = id;
  }
  text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
  out_.act(Synthesise{id, std::move(text), last, {std::string{stand_in_voice(config_.voice())}}});
}

void LiveSession::interrupt() {
  stop_thinking();
  if (utterances_.empty()) {
    return;
  }
  for (const Utterance& cut : utterances_) {
    out_.act(StopSynthesis{cut.id});
    work_cut_short_ = work_cut_short_ || cut.id == working_;
    if (talk_) {
      talk_->model_said(cut.id, cut.heard);
    }
  }
  const Utterance& first = utterances_.front();
  const int half_ms = first.base_ms ? first.known_ms / 2 : 0;
  utterances_.clear();
  pass(half_ms);
  out_.act(ClearPlayback{});
}

LiveSession::Utterance* LiveSession::find_utterance(std::string_view id) {
  const auto found = std::find_if(utterances_.begin(), utterances_.end(),
                                  [&](const Utterance& u) { return u.id == id; });
  return found == utterances_.end() ? nullptr : &*found;
}

void LiveSession::on_sentence(const std::string& id,
                              const Sentence& sentence,
                              bool last,
                              Time now) {
  set_time(now);
  Utterance* const utterance = find_utterance(id);
  if (utterance == nullptr || closed_) {
    return;
  }
  int start_ms = utterance->known_ms;
  for (const SpokenWord& word : sentence.words) {
    const int end_ms = utterance->known_ms + word.end_ms;
    utterance->words.push_back({word.text, start_ms, end_ms});
    start_ms = end_ms;
  }
  utterance->known_ms += sentence.duration_ms;
  utterance->whole = last;
  out_.act(Play{id, utterance->known_ms});
}

void LiveSession::on_synthesis_failed(const std::string& id, const std::string& why, Time now) {
  set_time(now);
  if (std::erase_if(utterances_, [&](const Utterance& u) { return u.id == id; }) > 0 && !closed_) {
    out_.send("info", {{"code", "speech_unavailable"}, {"message", why}});
  }
}

void LiveSession::on_playback(const std::string& id, int played_ms, Time now) {
  set_time(now);
  if (closed_) {
    return;
  }
  if (fixture_ && fixture_->id == id) {
    if (played_ms >= fixture_->length_ms) {
      out_.send("session.output_audio.fixture.played", {}, fixture_->client_event_id);
      fixture_.reset();
    }
    return;
  }
  Utterance* const utterance = find_utterance(id);
  if (utterance == nullptr) {
    return;
  }
  if (!utterance->base_ms) {
    utterance->base_ms = clock_->made_up() ? timeline_ms() : std::max(0, timeline_ms() - played_ms);
  }
  auto& words = utterance->words;
  for (; !words.empty() && (words.front().start_ms < played_ms || clock_->made_up());
       words.pop_front()) {
    const PendingWord& word = words.front();
    out_.send("session.output_transcript.delta",
              {{"delta", std::exchange(transcribed_output_, true) ? ' ' + word.text : word.text},
               {"start_ms", *utterance->base_ms + word.start_ms},
               {"end_ms", *utterance->base_ms + word.end_ms}});
    utterance->heard += (utterance->heard.empty() ? "" : " ") + word.text;
    if (content_filter_) {
      end_session("content");
      return;
    }
  }
  if (utterance->whole && played_ms >= utterance->known_ms) {
    const int length_ms = utterance->known_ms;
    std::erase_if(utterances_, [&](const Utterance& u) { return u.id == id; });
    pass(length_ms);
  }
}

json::object LiveSession::new_delegation() {
  return {{"id", out_.ids().realtime("dlg_")},
          {"type", "delegation"},
          {"target", to_string(config_.delegate())}};
}

void LiveSession::announce(const json::object& delegation) {
  out_.send("session.delegation.created",
            {{"delegation", delegation}, {"offset_ms", timeline_ms()}});
}

/// With names of their own, by which what comes of them is told to a chat model.
std::vector<LiveBackend::NamedCall> LiveSession::named(const std::vector<CallFunction>& functions) {
  std::vector<LiveBackend::NamedCall> calls;
  for (const CallFunction& function : functions) {
    calls.push_back({talk_ ? talk_->handed_on(function) : std::to_string(calls.size()), function});
  }
  return calls;
}

/// What the Responses model has to say when it has no tool for any of these.
void LiveSession::say_refusal(const std::vector<LiveBackend::NamedCall>& calls) {
  const std::string& answer = backend_.answer();
  if (answer.empty()) {
    return;
  }
  acknowledge_at_.reset();
  if (talk_) {
    for (const LiveBackend::NamedCall& call : calls) {
      talk_->came_back(call.name, answer);
    }
  }
  say(answer);
}

/// What was thought of at once is one delegation, but for a client each call is one of its own.
void LiveSession::delegate(const std::vector<CallFunction>& functions) {
  acknowledge_at_ = now_ + config_.acknowledgement_delay();
  const auto calls = named(functions);
  switch (config_.delegate()) {
    case Delegate::client:
      for (const LiveBackend::NamedCall& call : calls) {
        const json::object delegation = new_delegation();
        delegations_.emplace(delegation.at("id").as_string(), call.name);
        announce(delegation);
      }
      return;
    case Delegate::responses: {
      json::object delegation = new_delegation();
      const std::string response_id = out_.ids().realtime("resp_");
      delegation["response_id"] = response_id;
      announce(delegation);
      const std::string id{delegation.at("id").as_string()};
      backend_.start(id, response_id, config_.backend(), calls, out_);
      say_refusal(calls);
      return;
    }
    case Delegate::decisions: {
      const json::object delegation = new_delegation();
      announce(delegation);
      const json::object decision = evaluate_decision(delegation.at("id"));
      if (talk_) {
        for (const LiveBackend::NamedCall& call : calls) {
          talk_->came_back(call.name, json::serialize(decision));
        }
        think();
      }
      return;
    }
  }
}

json::object LiveSession::evaluate_decision(const json::value& delegation_id) {
  json::object decision = decide(config_.backend());
  const json::object completed{{"type", "decision.completed"}, {"decision", decision}};
  out_.send("decision.event", {{"delegation_id", delegation_id},
                               {"event", completed},
                               {"source_event_id", nullptr},
                               {"source_event_type", nullptr},
                               {"trigger_id", nullptr}});
  return decision;
}

void LiveSession::on_ringing(Time now) {
  set_time(now);
  if (!closed_) {
    out_.send("transport.ringing", {{"session_id", id_}});
  }
}

void LiveSession::on_answered(Time now) {
  set_time(now);
  if (!closed_) {
    expires_at_ = now_ + lifetime_;
    expires_at_unix_ = clock_->unix_seconds() + lifetime_.count();
    out_.send("transport.answered", {{"session_id", id_}});
  }
}

void LiveSession::on_transport_failed(const std::string& code,
                                      const std::string& message,
                                      Time now) {
  set_time(now);
  if (closed_) {
    return;
  }
  const json::object error{
      {"type", "call_error"}, {"code", code}, {"message", message}, {"param", ""}};
  out_.send("transport.failed", {{"session_id", id_}, {"error", error}});
  close("connection_lost", {});
}

void LiveSession::on_call_end(CallEnd why, Time now) {
  set_time(now);
  if (!closed_) {
    close(reason_of(why), {});
  }
}

void LiveSession::close(std::string_view reason, std::string_view client_event_id) {
  closed_ = true;
  out_.send("session.closed", {{"reason", reason}, {"usage", usage()}, {"session", session_json()}},
            client_event_id);
}

/// The session ends by itself, and with it the call.
void LiveSession::end_session(std::string_view reason) {
  interrupt();
  close(reason, {});
  out_.act(EndCall{});
}

void LiveSession::on_time(Time now) {
  set_time(now);
  if (closed_) {
    return;
  }
  if (now_ >= expires_at_) {
    end_session("expired");
    return;
  }
  if (acknowledge_at_ && now_ >= *acknowledge_at_ && !speech_start_ms_ && !fixture_) {
    acknowledge_at_.reset();
    say(std::string{acknowledgement});
  }
  tell_usage();
}

}  // namespace offhook::sim
