#pragma once

#include <optional>

#include "audio/turn_detector.hpp"
#include "audio/voice_activity.hpp"
#include "sim/session_config.hpp"
#include "sim/speaker.hpp"

namespace offhook::sim {

/// Finds the caller's turns in the frames of one call. One thread at a time, no I/O.
///
/// While the model speaks, its own echo comes back from the caller's side. Only sound within 22 dB
/// of the model's own level counts as the caller then.
class Ears {
 public:
  explicit Ears(std::optional<TurnSettings> settings) { configure(settings); }

  /// New settings; they hold from the end of a turn that is going on.
  /// @param settings  Nothing: no turns are detected.
  void configure(std::optional<TurnSettings> settings);

  /// @return what the frame brought about; its time counts from the first frame ever heard.
  audio::TurnEvent hear(const CallerFrame& frame) noexcept;

  /// Length of all that was heard.
  [[nodiscard]] int audio_ms() const noexcept { return audio_ms_; }

 private:
  void apply_settings();
  [[nodiscard]] bool is_echo(float sent_dbfs) noexcept;

  audio::VoiceActivity activity_;
  std::optional<TurnSettings> settings_{};
  bool settings_changed_ = false;
  std::optional<audio::TurnDetector> detector_{};
  int detector_from_ms_ = 0;  ///< The detector counts from here.
  int audio_ms_ = 0;
  float model_dbfs_ = -90;  ///< Recent level of the model, falling slowly.
};

}  // namespace offhook::sim
