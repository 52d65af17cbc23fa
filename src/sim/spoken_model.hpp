#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "sim/actions.hpp"
#include "sim/call_model.hpp"
#include "sim/ears.hpp"
#include "sim/hearing.hpp"
#include "sim/mouth.hpp"
#include "sim/speaker.hpp"
#include "sim/voice.hpp"

namespace offhook::sim {

/// What the models of both APIs have in common: ears, mouth and hearing around a `Session` that
/// decides, and the loop that obeys it. Control thread.
///
/// `Derived` has a `perform` for every further action of its session, `prepare(CallerFrame&)`,
/// called with every frame before it is heard, and `heard(Time)`, called after that.
template <class Derived, class Session>
class SpokenModel : public CallModel {
 public:
  SpokenModel(const SpokenModel&) = delete;
  SpokenModel& operator=(const SpokenModel&) = delete;

  void on_client_event(std::string_view text) override {
    session_.on_client_event(text, now_steady());
    obey();
  }

  void tick(Time now) override {
    speaker_.collect();
    mouth_.follow();
    obey();
    hear(now);
    session_.on_time(now);
    obey();
  }

 protected:
  /// @param speaker,voice  Must outlive this.
  SpokenModel(Session session, Hearing hearing, Speaker& speaker, Voice& voice, ModelHooks hooks)
      : session_{std::move(session)},
        hooks_{std::move(hooks)},
        hearing_{std::move(hearing)},
        speaker_{speaker},
        mouth_{speaker, voice, mouth_hooks()} {}

  [[nodiscard]] static Time now_steady() { return std::chrono::steady_clock::now(); }

  void obey() {
    for (auto actions = session_.take_actions(); !actions.empty();
         actions = session_.take_actions()) {
      for (auto& action : actions) {
        std::visit([this](auto& what) { derived().perform(what); }, action);
      }
    }
  }

  void perform(SendEvent& action) { hooks_.send(action.event); }
  void perform(const Synthesise& action) {
    audio::SpeechStyle style = action.style;
    if (!hooks_.first_voice.empty()) {
      style.voice = std::exchange(hooks_.first_voice, {});
    }
    mouth_.synthesise(action.response_id, action.text, action.last, style);
  }
  void perform(const StopSynthesis& action) { mouth_.stop(action.response_id); }
  void perform(Think& action) {
    hooks_.think(
        action.response_id, std::move(action.request),
        [this, weak = std::weak_ptr{alive_}, id = action.response_id](Result<ReplyPart> part) {
          if (weak.lock()) {
            session_.on_thought(id, std::move(part), now_steady());
            obey();
          }
        });
  }
  void perform(const StopThinking& action) { hooks_.stop_thinking(action.response_id); }
  void perform(const Play& action) { mouth_.play(action.response_id, action.to_ms); }
  void perform(const ClearPlayback& /*action*/) { mouth_.clear(); }
  void perform(const EndCall& /*action*/) { hooks_.end_call(); }
  void perform(const Recognise& action) {
    hearing_.find_words(action.item_id, [this, item_id = action.item_id](const std::string& words) {
      if (hooks_.heard) {
        hooks_.heard(item_id, words);
      }
      session_.on_transcript(item_id, words, now_steady());
      obey();
    });
  }

  Session session_;
  ModelHooks hooks_;
  Ears ears_{std::nullopt};  ///< For the derived class to configure.
  Hearing hearing_;
  Speaker& speaker_;
  Mouth mouth_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< For answers that come later.

 private:
  [[nodiscard]] Derived& derived() { return static_cast<Derived&>(*this); }

  [[nodiscard]] Mouth::Hooks mouth_hooks() {
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

  void hear(Time now) {
    CallerFrame frame;
    while (speaker_.hear(frame)) {
      if (hooks_.haunt) {
        hooks_.haunt(frame);
      }
      derived().prepare(frame);
      hearing_.hear(frame);
      const audio::TurnEvent event = ears_.hear(frame);
      derived().heard(now);
      if (event.kind == audio::TurnEvent::Kind::started) {
        hearing_.begin_turn(ears_.audio_ms() - event.audio_ms);
        session_.on_speech_started(event.audio_ms, now);
      } else if (event.kind == audio::TurnEvent::Kind::stopped) {
        session_.on_speech_stopped(event.audio_ms, now);
      }
      obey();
    }
  }
};

}  // namespace offhook::sim
