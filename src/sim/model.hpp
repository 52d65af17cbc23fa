#pragma once

#include <memory>
#include <vector>

#include "sim/realtime_session.hpp"
#include "sim/spoken_model.hpp"

namespace offhook::sim {

/// The model in one accepted call: gives a `RealtimeSession` a voice and ears, and obeys it.
/// Control thread.
class Model final : public SpokenModel<Model, RealtimeSession> {
 public:
  /// @param speaker,voice  Must outlive this.
  Model(SessionConfig config,
        SessionOptions options,
        Hearing hearing,
        Speaker& speaker,
        Voice& voice,
        ModelHooks hooks);

  [[nodiscard]] std::vector<boost::json::object> greeting() override {
    return {session_.session_created()};
  }
  void on_digit(char digit) override;
  void on_digit_sent(char /*digit*/) override {}
  void on_call_end(CallEnd /*why*/) override {}

 private:
  friend SpokenModel;
  using SpokenModel::perform;
  void perform(const ChangeTurns& /*action*/) { ears_.configure(session_.turns()); }
  void perform(SendWithAudio& action);
  void perform(const ListTools& action);
  void perform(const CallTool& action);
  void prepare(CallerFrame& /*frame*/) {}
  void heard(Time now) { session_.on_caller_audio(ears_.audio_ms(), now); }
};

}  // namespace offhook::sim
