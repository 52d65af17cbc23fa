#include "sim/live_model.hpp"

#include <chrono>
#include <utility>
#include <variant>

namespace offhook::sim {
namespace {

constexpr int fixture_rate_hz = 24'000;
constexpr std::size_t fixture_samples_per_ms = 24;

Time now_steady() { return std::chrono::steady_clock::now(); }

/// People pause within a sentence; nothing on the wire tells where a turn ends, so patience costs
/// only time.
TurnSettings patient() {
  TurnSettings settings;
  settings.silence_duration_ms = 500;
  return settings;
}

}  // namespace

LiveModel::LiveModel(LiveConfig config,
                     LiveOptions options,
                     Hearing hearing,
                     Speaker& speaker,
                     Voice& voice,
                     ModelHooks hooks)
    : session_{std::move(config), std::move(options)},
      hearing_{std::move(hearing)},
      speaker_{speaker},
      hooks_{std::move(hooks)},
      ears_{patient()},
      mouth_{speaker, voice, mouth_hooks()} {
  if (auto reflector = AudioReflector::create()) {
    reflector_.emplace(std::move(*reflector));
  }
}

Mouth::Hooks LiveModel::mouth_hooks() {
  Mouth::Hooks hooks;
  hooks.sentence = [this](const std::string& id, const Sentence& sentence, bool last) {
    session_.on_sentence(id, sentence, last, now_steady());
    obey();
  };
  hooks.failed = [this](const std::string& id, const std::string& why) {
    session_.on_synthesis_failed(id, why, now_steady());
    obey();
  };
  hooks.played = [this](const std::string& id, int played_ms) {
    session_.on_playback(id, played_ms, now_steady());
  };
  return hooks;
}

std::vector<boost::json::object> LiveModel::greeting() { return session_.greeting(now_steady()); }

void LiveModel::on_client_event(std::string_view text) {
  session_.on_client_event(text, now_steady());
  obey();
}

void LiveModel::on_digit(char digit) {
  session_.on_digit(digit, now_steady());
  obey();
}

void LiveModel::on_digit_sent(char digit) {
  session_.on_digit_sent(digit, now_steady());
  obey();
}

void LiveModel::on_call_end(CallEnd why) {
  session_.on_call_end(why, now_steady());
  obey();
}

void LiveModel::on_ringing() {
  session_.on_ringing(now_steady());
  obey();
}

void LiveModel::on_answered() {
  session_.on_answered(now_steady());
  obey();
}

void LiveModel::on_transport_failed(const std::string& code, const std::string& message) {
  session_.on_transport_failed(code, message, now_steady());
  obey();
}

void LiveModel::tick(Time now) {
  speaker_.collect();
  mouth_.follow();
  obey();
  hear(now);
  session_.on_time(now);
  obey();
}

void LiveModel::hear(Time now) {
  CallerFrame frame;
  while (speaker_.hear(frame)) {
    reflect(frame);
    if (!session_.listening()) {
      frame.samples.fill(0);
    }
    hearing_.hear(frame);
    const audio::TurnEvent event = ears_.hear(frame);
    if (event.kind == audio::TurnEvent::Kind::started) {
      hearing_.begin_turn(ears_.audio_ms() - event.audio_ms);
      session_.on_speech_started(event.audio_ms, now);
    } else if (event.kind == audio::TurnEvent::Kind::stopped) {
      session_.on_speech_stopped(event.audio_ms, now);
    }
    obey();
  }
}

/// Before muting, and only for somebody.
void LiveModel::reflect(const CallerFrame& frame) {
  if (!reflector_ || session_.closed()) {
    return;
  }
  const auto events = reflector_->take(frame);
  if (hooks_.observed && hooks_.observed()) {
    for (const auto& event : events) {
      hooks_.send(event);
    }
  }
}

void LiveModel::obey() {
  for (auto actions = session_.take_actions(); !actions.empty();
       actions = session_.take_actions()) {
    for (LiveAction& action : actions) {
      std::visit([this](auto& what) { perform(what); }, action);
    }
  }
}

void LiveModel::perform(SendEvent& action) { hooks_.send(action.event); }

void LiveModel::perform(const Synthesise& action) {
  mouth_.synthesise(action.response_id, action.text);
}

void LiveModel::perform(const Play& action) { mouth_.play(action.response_id, action.to_ms); }

void LiveModel::perform(const ClearPlayback& /*action*/) { mouth_.clear(); }

void LiveModel::perform(const PlaySound& action) {
  auto sound = audio::resample(action.samples, fixture_rate_hz, voice_rate_hz);
  if (!sound) {
    return;
  }
  const std::size_t ms =
      (action.samples.size() + fixture_samples_per_ms - 1) / fixture_samples_per_ms;
  sound->resize(ms * samples_per_ms);
  mouth_.play_sound(action.id, std::move(*sound));
}

void LiveModel::perform(const SendDigit& action) {
  const auto sent = hooks_.send_digit(action.digit);
  if (!sent) {
    session_.on_digit_failed(sent.error().detail, now_steady());
  }
}

void LiveModel::perform(const Recognise& action) {
  hearing_.find_words([this, turn_id = action.item_id](const std::string& words) {
    session_.on_transcript(turn_id, words, now_steady());
    obey();
  });
}

void LiveModel::perform(const EndCall& /*action*/) { hooks_.end_call(); }

}  // namespace offhook::sim
