#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/audio_reflector.hpp"
#include "sim/live_session.hpp"
#include "sim/spoken_model.hpp"

namespace offhook::sim {

/// The model in one Live call: gives a `LiveSession` a voice, ears and keys, and obeys it. Control
/// thread.
class LiveModel final : public SpokenModel<LiveModel, LiveSession> {
 public:
  /// @param speaker,voice  Must outlive this.
  LiveModel(LiveConfig config,
            LiveOptions options,
            Hearing hearing,
            Speaker& speaker,
            Voice& voice,
            ModelHooks hooks);

  [[nodiscard]] std::vector<boost::json::object> greeting() override;
  void on_digit(char digit) override;
  void on_digit_sent(char digit) override;
  void on_call_end(CallEnd why) override;

  /// What becomes of an outbound call.
  void on_ringing();
  void on_answered();
  void on_transport_failed(const std::string& code, const std::string& message);

 private:
  friend SpokenModel;
  using SpokenModel::perform;
  void perform(const PlaySound& action);
  void perform(const SendDigit& action);
  void prepare(CallerFrame& frame);
  void heard(Time /*now*/) {}
  void reflect(const CallerFrame& frame);

  std::optional<AudioReflector> reflector_{};
};

}  // namespace offhook::sim
