#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "room.hpp"

namespace offhook::bench {

/// How a small loudspeaker bends what it is given.
enum class Loudspeaker {
  linear,
  soft,  ///< tanh, rounded long before the end
  hard,  ///< straight up to the limit, then flat
};

/// One test of an echo canceller, without the voices.
struct SceneSpec {
  std::string name;
  double rt60_s = 0.3;
  int delay_ms = 60;
  double near_to_echo_db = 0;  ///< At the microphone, while both talk.
  Loudspeaker loudspeaker = Loudspeaker::linear;
  double drive = 0;  ///< 1 / level at which the loudspeaker reaches its limit.
  double noise_dbfs = -66;
  double drift_ppm = 0;  ///< The microphone's clock runs slower by this.
  int jump_ms = 0;       ///< Delay that is added in the middle of the far-only part.
};

struct Voices {
  std::string far = "en_US_f_Allison";
  std::string near = "it_IT_m_Carlo";
  std::uint64_t seed = 1;
};

/// Seconds: silence, the far side alone, both, the near side alone, the far side with the
/// loudspeaker somewhere else.
struct Timeline {
  int silence = 2;
  int far_only = 30;
  int both = 15;
  int near_only = 10;
  int moved = 18;

  [[nodiscard]] int far_end() const noexcept { return silence + far_only; }
  [[nodiscard]] int both_end() const noexcept { return far_end() + both; }
  [[nodiscard]] int near_end() const noexcept { return both_end() + near_only; }
  [[nodiscard]] int end() const noexcept { return near_end() + moved; }
  [[nodiscard]] int jump() const noexcept { return silence + far_only * 3 / 5; }
};

/// 16 kHz, 16 bits, all of the same length.
struct Scene {
  using Samples = std::vector<std::int16_t>;
  SceneSpec spec;
  Timeline times;
  Samples far;         ///< What is written to the loudspeaker.
  Samples microphone;  ///< Echo, near talker and noise.
  Samples near;        ///< The near talker alone, as he comes to the microphone.
  Samples echo;        ///< The echo alone.
};

/// The scenes of docs/sound.md.
[[nodiscard]] std::vector<SceneSpec> all_scenes();
/// The three of the gates: A, B, and a drift of 30 ppm.
[[nodiscard]] std::vector<SceneSpec> gate_scenes();
/// Voices that no constant was chosen with.
[[nodiscard]] std::vector<Voices> held_out_voices();

[[nodiscard]] Scene make_scene(const SceneSpec& spec, const Voices& voices, const Timeline& times);

}  // namespace offhook::bench
