#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/audio_reflector.hpp"
#include "sim/call_model.hpp"
#include "sim/ears.hpp"
#include "sim/hearing.hpp"
#include "sim/live_session.hpp"
#include "sim/mouth.hpp"
#include "sim/speaker.hpp"
#include "sim/voice.hpp"

namespace offhook::sim {

/// The model in one Live call: gives a `LiveSession` a voice, ears and keys, and obeys it. Control
/// thread.
class LiveModel final : public CallModel {
 public:
  /// @param speaker,voice  Must outlive this.
  LiveModel(LiveConfig config,
            LiveOptions options,
            Hearing hearing,
            Speaker& speaker,
            Voice& voice,
            ModelHooks hooks);
  LiveModel(const LiveModel&) = delete;
  LiveModel& operator=(const LiveModel&) = delete;

  [[nodiscard]] std::vector<boost::json::object> greeting() override;
  void on_client_event(std::string_view text) override;
  void on_digit(char digit) override;
  void on_digit_sent(char digit) override;
  void on_call_end(CallEnd why) override;
  void tick(Time now) override;

  /// What becomes of an outbound call.
  void on_ringing();
  void on_answered();
  void on_transport_failed(const std::string& code, const std::string& message);

 private:
  [[nodiscard]] Mouth::Hooks mouth_hooks();
  void obey();
  void perform(SendEvent& action);
  void perform(const Synthesise& action);
  void perform(const Play& action);
  void perform(const ClearPlayback& action);
  void perform(const PlaySound& action);
  void perform(const SendDigit& action);
  void perform(const Recognise& action);
  void perform(const EndCall& action);
  void hear(Time now);
  void reflect(const CallerFrame& frame);

  LiveSession session_;
  Hearing hearing_;
  Speaker& speaker_;
  ModelHooks hooks_;
  Ears ears_;
  Mouth mouth_;
  std::optional<AudioReflector> reflector_{};
};

}  // namespace offhook::sim
