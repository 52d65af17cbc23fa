#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <boost/json/object.hpp>

#include "audio/resampler.hpp"
#include "sim/speaker.hpp"

namespace offhook::sim {

/// Tells the sidebands of a Live session what is heard both ways: every 100 ms the caller's sound,
/// and with it the model's unless it was silent. PCM16LE, mono, 24 kHz. No I/O.
class AudioReflector {
 public:
  /// @return `unsupported` when the converter cannot be had.
  [[nodiscard]] static Result<AudioReflector> create();

  /// Takes 20 ms of both directions. @return the events that are due.
  [[nodiscard]] std::vector<boost::json::object> take(const CallerFrame& frame);

 private:
  struct Direction {
    audio::Resampler resampler;
    std::vector<std::int16_t> samples{};  ///< At 24 kHz, not told yet.

    void add(const std::array<std::int16_t, frame_samples>& frame);
  };
  AudioReflector(audio::Resampler input, audio::Resampler output)
      : input_{std::move(input)}, output_{std::move(output)} {}

  Direction input_;
  Direction output_;
  bool audible_ = false;  ///< The model said something in these 100 ms.
  int frames_ = 0;        ///< Of these 100 ms.
  int start_ms_ = 0;
};

}  // namespace offhook::sim
