#pragma once

#include <cstdint>

namespace offhook::audio {

/// The parameters of `turn_detection: {"type": "server_vad"}` and one of ours.
struct TurnDetectorConfig {
  float threshold = 0.5F;         ///< Probability from which a frame is speech, 0 to 1.
  int prefix_padding_ms = 300;    ///< Sound before the speech that belongs to the turn.
  int silence_duration_ms = 500;  ///< Silence that ends the turn.
  int start_ms = 60;              ///< Speech that it takes to begin one; shorter noises do not.
};

/// What a frame brought about, in the terms of `input_audio_buffer.speech_started`/`_stopped`.
struct TurnEvent {
  enum class Kind : std::uint8_t { none, started, stopped };
  Kind kind = Kind::none;
  /// From the first frame on. `audio_start_ms`, which includes the prefix padding, or
  /// `audio_end_ms`, which includes the silence that ended the turn.
  int audio_ms = 0;
  friend bool operator==(const TurnEvent&, const TurnEvent&) = default;
};

/// Finds the turns of a speaker in a stream of speech probabilities, one per 20 ms frame.
///
///     silent ──── start_ms of speech ───► speaking      (started)
///     silent ◄── silence_duration_ms ──── speaking      (stopped)
///
/// Within a turn a frame counts as speech from 0.7 times the threshold on, so that a fading word
/// does not split it. Never blocks, allocates or throws; two runs fed alike behave alike.
class TurnDetector {
 public:
  explicit TurnDetector(TurnDetectorConfig config = {}) noexcept : config_{config} {}

  /// @param probability  That the next 20 ms are speech, as `VoiceActivity` tells it.
  TurnEvent push(float probability) noexcept;

  [[nodiscard]] bool speaking() const noexcept { return speaking_; }
  /// Length of what was pushed.
  [[nodiscard]] int audio_ms() const noexcept { return audio_ms_; }

 private:
  TurnDetectorConfig config_;
  int audio_ms_ = 0;
  int speech_ms_ = 0;   // while silent: recent speech, as a leaky count
  int silence_ms_ = 0;  // while speaking: silence so far
  bool speaking_ = false;
};

}  // namespace offhook::audio
