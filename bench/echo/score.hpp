#pragma once

#include <span>

#include "audio/voice/voice_processor.hpp"
#include "scene.hpp"

namespace offhook::bench {

/// What an engine made of a scene. Times count from the first far words.
struct Score {
  double erle_db = 0;        ///< In the last 40 % of the far-only part.
  double converged_s = 0;    ///< Until half a second of echo is attenuated by 20 dB.
  double loud_percent = 0;   ///< Windows of 100 ms above -50 dBFS, far only, after 5 s.
  double moved_erle_db = 0;  ///< After the loudspeaker moved, from 8 s (or half way) on.
  double recovered_s = 0;    ///< After a delay jump, as `converged_s`; 0 without a jump.
  double both_sdr_db = 0;    ///< Near talker while both talk.
  double both_stoi = 0;
  double both_cut_percent = 0;  ///< Blocks of the near talker weakened by more than 12 dB.
  double near_sdr_db = 0;       ///< Near talker alone.
  double delay_ms = 0;          ///< Added to the near talker.
  double cpu_us = 0;            ///< Per block of 10 ms, processor time of this thread.
  double cpu_p99_us = 0;
  int found_delay_ms = 0;  ///< What the engine says at the end.
  double found_drift_ppm = 0;
};

inline constexpr double never = 1e9;

/// Runs the whole scene through a processor, which should be fresh, and judges its output.
[[nodiscard]] Score run(const Scene& scene, audio::VoiceProcessor& processor);

[[nodiscard]] Score mean_of(std::span<const Score> scores);

}  // namespace offhook::bench
