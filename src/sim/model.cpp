#include "sim/model.hpp"

#include <chrono>
#include <utility>
#include <variant>

#include "base/clock.hpp"

namespace offhook::sim {
namespace {

Time now_steady() { return std::chrono::steady_clock::now(); }

}  // namespace

Model::Model(SessionConfig config,
             SessionOptions options,
             Hearing hearing,
             Speaker& speaker,
             Voice& voice,
             ModelHooks hooks)
    : session_{std::move(config), std::move(options)},
      hearing_{std::move(hearing)},
      speaker_{speaker},
      hooks_{std::move(hooks)},
      ears_{session_.turns()},
      mouth_{speaker, voice, mouth_hooks()} {}

Mouth::Hooks Model::mouth_hooks() {
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

void Model::on_client_event(std::string_view text) {
  session_.on_client_event(text, now_steady());
  obey();
}

void Model::on_digit(char digit) {
  session_.on_digit(digit, unix_seconds());
  obey();
}

void Model::tick(Time now) {
  speaker_.collect();
  mouth_.follow();
  obey();
  hear(now);
  session_.on_time(now);
  obey();
}

void Model::hear(Time now) {
  CallerFrame frame;
  while (speaker_.hear(frame)) {
    hearing_.hear(frame);
    const audio::TurnEvent event = ears_.hear(frame);
    session_.on_caller_audio(ears_.audio_ms(), now);
    if (event.kind == audio::TurnEvent::Kind::started) {
      hearing_.begin_turn(ears_.audio_ms() - event.audio_ms);
      session_.on_speech_started(event.audio_ms, now);
    } else if (event.kind == audio::TurnEvent::Kind::stopped) {
      session_.on_speech_stopped(event.audio_ms, now);
    }
    obey();
  }
}

void Model::obey() {
  for (auto actions = session_.take_actions(); !actions.empty();
       actions = session_.take_actions()) {
    for (Action& action : actions) {
      std::visit([this](auto& what) { perform(what); }, action);
    }
  }
}

void Model::perform(SendEvent& action) { hooks_.send(action.event); }

void Model::perform(const Synthesise& action) {
  mouth_.synthesise(action.response_id, action.text);
}

void Model::perform(const Play& action) { mouth_.play(action.response_id, action.to_ms); }

void Model::perform(const StopSynthesis& action) { mouth_.stop(action.response_id); }

void Model::perform(const ClearPlayback& /*action*/) { mouth_.clear(); }

void Model::perform(const Recognise& action) {
  hearing_.find_words([this, item_id = action.item_id](const std::string& words) {
    session_.on_transcript(item_id, words, now_steady());
    obey();
  });
}

void Model::perform(const ChangeTurns& /*action*/) { ears_.configure(session_.turns()); }

void Model::perform(const EndCall& /*action*/) { hooks_.end_call(); }

}  // namespace offhook::sim
