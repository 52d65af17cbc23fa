#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/call_model.hpp"
#include "sim/ears.hpp"
#include "sim/hearing.hpp"
#include "sim/mouth.hpp"
#include "sim/realtime_session.hpp"
#include "sim/speaker.hpp"
#include "sim/voice.hpp"

namespace offhook::sim {

/// The model in one accepted call: gives a `RealtimeSession` a voice and ears, and obeys it.
/// Control thread.
class Model final : public CallModel {
 public:
  /// @param speaker,voice  Must outlive this.
  Model(SessionConfig config,
        SessionOptions options,
        Hearing hearing,
        Speaker& speaker,
        Voice& voice,
        ModelHooks hooks);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  [[nodiscard]] std::vector<boost::json::object> greeting() override {
    return {session_.session_created()};
  }
  void on_client_event(std::string_view text) override;
  void on_digit(char digit) override;
  void on_digit_sent(char /*digit*/) override {}
  void on_call_end(CallEnd /*why*/) override {}
  void tick(Time now) override;

 private:
  [[nodiscard]] Mouth::Hooks mouth_hooks();
  void obey();
  void perform(SendEvent& action);
  void perform(const Synthesise& action);
  void perform(const Play& action);
  void perform(const StopSynthesis& action);
  void perform(const ClearPlayback& action);
  void perform(const Recognise& action);
  void perform(const ChangeTurns& action);
  void perform(const EndCall& action);
  void hear(Time now);

  RealtimeSession session_;
  Hearing hearing_;
  Speaker& speaker_;
  ModelHooks hooks_;
  Ears ears_;
  Mouth mouth_;
};

}  // namespace offhook::sim
