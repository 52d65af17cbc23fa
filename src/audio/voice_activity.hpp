#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "audio/frame.hpp"

namespace offhook::audio {

/// Tells speech from noise: level above an adaptive noise floor, together with voicing (a pitch
/// between 70 and 400 Hz). Made for telephone lines; takes some 5 us per frame.
///
/// One per stream, fed with every frame. Does not block, allocate or throw.
class VoiceActivity {
 public:
  /// @param frame    20 ms.
  /// @param rate_hz  8000, 16000, 24000 or 48000: the rate of `frame`.
  /// @return probability of speech, 0 to 1; 0 for a frame of another size.
  float process(const Frame& frame, int rate_hz) noexcept;

  /// Level of the last frame above 150 Hz, in dBFS.
  [[nodiscard]] float level_dbfs() const noexcept { return level_; }
  /// The noise floor as followed so far, in dBFS.
  [[nodiscard]] float floor_dbfs() const noexcept { return floor_; }

 private:
  static constexpr std::size_t history_size = 320;  // 40 ms at 8 kHz

  [[nodiscard]] float filter(std::span<const std::int16_t> samples, std::size_t factor) noexcept;
  [[nodiscard]] float voicing() const noexcept;
  void follow_floor() noexcept;

  std::array<float, history_size> history_{};  // high-passed, at 8 kHz, a ring
  std::size_t position_ = 0;
  std::array<float, 2> inputs_{};  // of the high pass, latest first
  std::array<float, 2> outputs_{};
  float level_ = -90;
  float floor_ = -60;
  float voiced_ = 0;
  float smoothed_level_ = -60;
  float lowest_now_ = -60;                                     // in the current half second
  std::array<float, 6> lowest_{-90, -90, -90, -90, -90, -90};  // per half second, 3 s in all
  std::size_t lowest_index_ = 0;
  int frames_in_lowest_ = 0;
  bool speech_ = false;
};

}  // namespace offhook::audio
