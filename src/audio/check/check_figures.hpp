#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "audio/check/check_signal.hpp"
#include "audio/device/audio_device.hpp"
#include "audio/voice/voice_processor.hpp"

namespace offhook::audio {

/// What came back while a `CheckSignal` was played. The loudspeaker's samples are those of the
/// signal, one after the other, and so are the microphone's; times are of one clock, the steady one
/// where a device made it.
struct CheckRecording {
  std::vector<std::int16_t> heard;
  double play_began_ms = 0;   ///< When the device asked for the signal's first sample, steadied.
  double heard_began_ms = 0;  ///< When heard[0] was handed over, steadied.
  DeviceCounters counters{};
  std::string backend{};
  bool server_cancels_echo = false;
};

/// What is known about devices and room afterwards. Levels in dBFS, silence is -120.
struct CheckFigures {
  bool sound_found = false;    ///< The sweeps were in what the microphone heard; else the next
                               ///< fields up to `echo_after_dbfs` say nothing.
  double round_trip_ms = 0;    ///< From handing a sample to the device to getting it back.
  double drift_ppm = 0;        ///< The microphone's clock against the loudspeaker's.
  int jumps = 0;               ///< Times that the delay changed at once: sound was lost.
  double distortion_db = 0;    ///< Harmonics that the loudspeaker adds, against the fundamental.
  double echo_dbfs = 0;        ///< The speech in the microphone, …
  double echo_gain_db = 0;     ///< … against how loud it was played, …
  double echo_after_dbfs = 0;  ///< … and what the canceller leaves of it.
  int canceller_delay_ms = -1;
  double noise_dbfs = 0;      ///< The microphone while nothing is played.
  std::uint64_t clipped = 0;  ///< Samples of the microphone at full scale.
  std::uint64_t gaps = 0;     ///< As the device counts them, both directions.
  bool server_cancels_echo = false;
};

/// @param processor  The canceller to try; null: the echo passes.
[[nodiscard]] CheckFigures measure(const CheckSignal& signal,
                                   const CheckRecording& recording,
                                   VoiceProcessor* processor);

}  // namespace offhook::audio
