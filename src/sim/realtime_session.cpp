#include "sim/realtime_session.hpp"

#include <algorithm>
#include <utility>

namespace offhook::sim {
namespace {

namespace json = boost::json;

json::object user_audio_item(const std::string& id) {
  const json::object content{{"type", "input_audio"}, {"transcript", nullptr}};
  return {{"id", id},          {"object", "realtime.item"},
          {"type", "message"}, {"status", "completed"},
          {"role", "user"},    {"content", json::array{content}}};
}

}  // namespace

RealtimeSession::RealtimeSession(SessionConfig config, SessionOptions options)
    : config_{std::move(config)},
      persona_{std::move(options.persona)},
      out_{std::move(options.ids)},
      greeting_ids_{out_.ids().for_call()},
      clock_{std::move(options.clock)},
      id_{out_.ids().realtime("sess_")},
      conversation_{out_.ids().realtime("conv_")},
      expires_at_unix_{options.unix_now + options.lifetime.count()},
      expires_at_{options.now + options.lifetime},
      word_interval_{options.word_interval},
      await_words_{options.await_words},
      brain_{options.brain},
      rate_limits_{options.rate_limits},
      transcription_fails_{options.transcription_fails},
      next_response_fails_{options.first_response_fails},
      next_response_is_cut_{options.first_response_is_cut} {
  want_tools(config_.json().at("tools").as_array());
}

json::object RealtimeSession::session_json() const {
  json::object session;
  for (const auto& [key, value] : config_.json()) {
    if (key == "tools") {
      json::array shown;
      for (const json::value& tool : value.as_array()) {
        shown.push_back(without_secrets(tool));
      }
      session.emplace(key, std::move(shown));
    } else {
      session.emplace(key, value);
    }
    if (key == "object") {
      session.emplace("id", id_);
    } else if (key == "prompt") {
      session.emplace("expires_at", expires_at_unix_);
    }
  }
  return session;
}

json::object RealtimeSession::session_created() {
  attached_ = true;
  return {{"type", "session.created"},
          {"event_id", greeting_ids_.realtime("event_")},
          {"session", session_json()}};
}

void RealtimeSession::on_caller_audio(int total_ms, Time /*now*/) { caller_ms_ = total_ms; }

void RealtimeSession::on_speech_started(int audio_start_ms, Time /*now*/) {
  speech_start_ms_ = clock_->begin_turn(audio_start_ms);
  speech_item_ = out_.ids().realtime("item_");
  idle_at_.reset();
  out_.send("input_audio_buffer.speech_started",
            {{"audio_start_ms", speech_start_ms_}, {"item_id", speech_item_}});
  if (const auto settings = turns(); settings && settings->interrupt_response) {
    interrupt();
  }
}

void RealtimeSession::on_speech_stopped(int audio_end_ms, Time now) {
  if (speech_item_.empty()) {
    return;  // the controller committed it meanwhile
  }
  const std::string item_id = std::exchange(speech_item_, {});
  const int end_ms = clock_->end_turn(audio_end_ms);
  out_.send("input_audio_buffer.speech_stopped", {{"audio_end_ms", end_ms}, {"item_id", item_id}});
  commit(item_id, std::max(0, end_ms - speech_start_ms_));
  out_.act(Recognise{item_id});
  if (const auto settings = turns(); settings && settings->create_response) {
    if (await_words_) {
      unheard_item_ = item_id;
    } else {
      answer_turn(now);
    }
  }
}

void RealtimeSession::answer_turn(Time now) {
  if (active_response() != nullptr) {
    answer_waits_ = true;
    return;
  }
  start_response(json::object{}, now);
}

void RealtimeSession::commit(const std::string& item_id, int audio_ms) {
  committed_ms_ = caller_ms_;
  const json::value previous = conversation_.last();
  out_.send("input_audio_buffer.committed", {{"previous_item_id", previous}, {"item_id", item_id}});
  Item item{user_audio_item(item_id), audio_ms};
  for (const char* name : {"conversation.item.added", "conversation.item.done"}) {
    out_.send(name, {{"previous_item_id", previous}, {"item", item.body}});
  }
  conversation_.append(std::move(item));
}

void RealtimeSession::on_transcript(const std::string& item_id, const std::string& text, Time now) {
  tell_transcript(item_id, text);
  if (item_id == unheard_item_) {
    unheard_item_.clear();
    answer_turn(now);
  }
}

void RealtimeSession::tell_transcript(const std::string& item_id, const std::string& text) {
  Item* const item = conversation_.find(item_id);
  if (item == nullptr) {
    return;  // deleted meanwhile
  }
  const json::object content{{"type", "input_audio"}, {"transcript", text}};
  item->body["content"] = json::array{content};
  const auto model = config_.transcription_model();
  if (!model) {
    return;
  }
  const json::object place{{"item_id", item_id}, {"content_index", 0}};
  if (transcription_fails_) {
    json::object failed = place;
    failed["error"] = json::object{{"type", "server_error"},
                                   {"code", "transcription_failed"},
                                   {"message", "The audio could not be transcribed."}};
    out_.send("conversation.item.input_audio_transcription.failed", failed);
    return;
  }
  json::object delta = place;
  delta["delta"] = text;
  out_.send("conversation.item.input_audio_transcription.delta", delta);
  json::object completed = place;
  completed["transcript"] = text;
  if (*model == "whisper-1") {
    completed["usage"] =
        json::object{{"type", "duration"}, {"seconds", (item->audio_ms + 999) / 1'000}};
  } else {
    const int audio = item->audio_ms / 100;
    const int output = text_tokens(text);
    completed["usage"] = json::object{
        {"type", "tokens"},
        {"total_tokens", audio + output},
        {"input_tokens", audio},
        {"output_tokens", output},
        {"input_token_details", json::object{{"text_tokens", 0}, {"audio_tokens", audio}}}};
  }
  out_.send("conversation.item.input_audio_transcription.completed", completed);
}

void RealtimeSession::on_digit(char digit, std::int64_t unix_seconds) {
  // The one server event without an event_id.
  out_.act(SendEvent{{{"type", "input_audio_buffer.dtmf_event_received"},
                      {"event", std::string(1, digit)},
                      {"received_at", unix_seconds}}});
}

void RealtimeSession::interrupt() {
  const auto cut = clear_playback();
  cut_short_ = cut_short_ || !cut.empty();
  if (const Response* const active = active_response()) {
    end_response(std::string{active->id()}, {"cancelled", "turn_detected"});
  }
  answer_waits_ = false;
  unheard_item_.clear();
  for (const Playback& playback : cut) {
    truncate_unheard(playback);
  }
}

void RealtimeSession::truncate_unheard(const Playback& playback) {
  Item* const item = conversation_.find(playback.item_id);
  if (item == nullptr) {
    return;
  }
  const int heard_ms = heard_of(playback);
  truncate_item(*item, heard_ms);
  out_.send("conversation.item.truncated",
            {{"item_id", playback.item_id}, {"content_index", 0}, {"audio_end_ms", heard_ms}});
}

/// How much of what was cut short counts as heard. Made up it is half.
int RealtimeSession::heard_of(const Playback& playback) const {
  return clock_->made_up() && playback.started ? playback.generated_ms / 2 : playback.played_ms;
}

void RealtimeSession::start_idle_timer(Time now) {
  const auto settings = turns();
  if (settings && settings->idle_timeout_ms && speech_item_.empty()) {
    idle_at_ = now + std::chrono::milliseconds{*settings->idle_timeout_ms};
    idle_from_ms_ = clock_->now_ms(caller_ms_);
  }
}

void RealtimeSession::time_out_idle(Time now) {
  idle_at_.reset();
  const auto settings = turns();
  clock_->advance(settings ? settings->idle_timeout_ms.value_or(0) : 0);
  const int end_ms = clock_->now_ms(caller_ms_);
  const std::string item_id = out_.ids().realtime("item_");
  out_.send("input_audio_buffer.timeout_triggered",
            {{"audio_start_ms", idle_from_ms_}, {"audio_end_ms", end_ms}, {"item_id", item_id}});
  commit(item_id, end_ms - idle_from_ms_);
  answer_turn(now);
}

void RealtimeSession::on_time(Time now) {
  if (expired_) {
    return;
  }
  if (now >= expires_at_) {
    expired_ = true;
    out_.send_error({"session_expired", "Your session hit the maximum duration of 60 minutes."},
                    {});
    out_.act(EndCall{});
    return;
  }
  list_servers();
  advance_responses(now);
  if (answer_waits_ && active_response() == nullptr) {
    answer_waits_ = false;
    start_response(json::object{}, now);
  }
  if (idle_at_ && now >= *idle_at_) {
    time_out_idle(now);
  }
}

}  // namespace offhook::sim
