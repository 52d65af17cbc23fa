#include "scene.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "random.hpp"
#include "voices.hpp"

namespace offhook::bench {
namespace {

constexpr std::size_t scene_rate_hz = 16'000;
constexpr double far_level = 0.12;   // -18 dBFS
constexpr double near_level = 0.05;  // -26 dBFS

constexpr std::size_t at_second(int second) {
  return static_cast<std::size_t>(second) * scene_rate_hz;
}

std::span<const float> part(const Signal& signal, int from_s, int to_s) {
  return std::span{signal}.subspan(at_second(from_s), at_second(to_s) - at_second(from_s));
}

/// Silences all but the given seconds.
void keep(Signal& signal, std::initializer_list<std::pair<int, int>> spans) {
  for (std::size_t i = 0; i < signal.size(); ++i) {
    const bool kept = std::ranges::any_of(spans, [&](const auto& span) {
      return i >= at_second(span.first) && i < at_second(span.second);
    });
    if (!kept) {
      signal[i] = 0;
    }
  }
}

Signal played(const Signal& far, const SceneSpec& spec) {
  Signal out = far;
  const auto drive = static_cast<float>(spec.drive);
  for (float& sample : out) {
    switch (spec.loudspeaker) {
      case Loudspeaker::linear: break;
      case Loudspeaker::soft: sample = std::tanh(drive * sample) / drive; break;
      case Loudspeaker::hard: sample = std::clamp(sample, -1 / drive, 1 / drive); break;
    }
  }
  return out;
}

Signal shifted(std::span<const float> signal, std::size_t from, std::size_t by) {
  Signal out(signal.begin(), signal.end());
  std::ranges::copy(signal.subspan(from, signal.size() - from - by),
                    out.begin() + static_cast<std::ptrdiff_t>(from + by));
  std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(from), by, 0.0F);
  return out;
}

/// The echo with the loudspeaker in two places, one after the other.
Signal make_echo(const Signal& far,
                 const SceneSpec& spec,
                 const Voices& voices,
                 const Timeline& times) {
  constexpr Point microphone{2.0, 1.2, 0.8};
  const Signal sound = played(far, spec);
  Signal echo =
      convolve(sound, room_response({2.25, 1.45, 0.8}, microphone, spec.rt60_s, voices.seed));
  const double level = active_rms(part(echo, times.silence, times.far_end()));
  if (times.moved > 0) {
    const Signal moved =
        convolve(sound, room_response({1.55, 1.25, 1.0}, microphone, spec.rt60_s, voices.seed + 7));
    const auto change = static_cast<std::ptrdiff_t>(at_second(times.near_end()));
    std::copy(moved.begin() + change, moved.end(), echo.begin() + change);
  }
  scale(echo, near_level * std::pow(10, -spec.near_to_echo_db / 20) / level);
  echo = shifted(echo, 0, static_cast<std::size_t>(spec.delay_ms) * scene_rate_hz / 1'000);
  if (spec.drift_ppm != 0) {
    echo = drift(echo, spec.drift_ppm);
  }
  if (spec.jump_ms != 0) {
    echo = shifted(echo, at_second(times.jump()),
                   static_cast<std::size_t>(spec.jump_ms) * scene_rate_hz / 1'000);
  }
  return echo;
}

Signal make_noise(std::size_t samples, double dbfs, std::uint64_t seed) {
  Random random{seed};
  Signal white(samples);
  for (float& sample : white) {
    sample = static_cast<float>(random.normal());
  }
  constexpr std::array colour{1.0F, 0.6F, 0.3F, 0.1F};
  Signal noise = convolve(white, colour);
  scale(noise, std::pow(10, dbfs / 20) / std::sqrt(1.46));  // the colour's power gain
  return noise;
}

Scene::Samples to_samples(const Signal& signal) {
  Scene::Samples out(signal.size());
  std::ranges::transform(signal, out.begin(), [](float sample) {
    return static_cast<std::int16_t>(std::lround(std::clamp(sample, -0.999F, 0.999F) * 32'767.0F));
  });
  return out;
}

}  // namespace

std::vector<SceneSpec> all_scenes() {
  using enum Loudspeaker;
  return {
      {"A laptop", 0.25, 60, 6, linear, 0, -66, 0, 0},
      {"B desk", 0.40, 120, 0, soft, 1.5, -60, 0, 0},
      {"C clipping", 0.50, 60, -8, soft, 4, -60, 0, 0},
      {"C2 hard clip", 0.50, 60, -8, hard, 5, -60, 0, 0},
      {"D 100 ppm", 0.30, 200, 0, linear, 0, -66, 100, 0},
      {"D2 -100 ppm", 0.30, 200, 0, linear, 0, -66, -100, 0},
      {"E jump", 0.30, 60, 0, linear, 0, -66, 0, 120},
      {"H bluetooth", 0.30, 400, 0, soft, 1, -60, 0, 0},
  };
}

std::vector<SceneSpec> gate_scenes() {
  const auto all = all_scenes();
  return {all[0], all[1], {"30 ppm", 0.30, 90, 3, Loudspeaker::linear, 0, -66, 30, 0}};
}

std::vector<Voices> held_out_voices() {
  return {{"es_MX_f_Allison", "ru_RU_f_IvrvoiceRU", 11},
          {"fr_CA_f_June", "it_IT_m_Carlo", 12},
          {"it_IT_m_Carlo", "en_US_f_Allison", 13}};
}

Scene make_scene(const SceneSpec& spec, const Voices& voices, const Timeline& times) {
  const std::size_t samples = at_second(times.end());
  Signal far = read_voice(voices.far, samples, voices.seed);
  keep(far, {{times.silence, times.both_end()}, {times.near_end(), times.end()}});
  scale(far, far_level / active_rms(far));
  for (float& sample : far) {
    sample = std::clamp(sample, -0.98F, 0.98F);
  }
  Signal near = read_voice(voices.near, samples, voices.seed + 1);
  keep(near, {{times.far_end(), times.near_end()}});
  near =
      convolve(near, room_response({2.0, 1.8, 1.2}, {2.0, 1.2, 0.8}, spec.rt60_s, voices.seed + 3));
  scale(near, near_level / active_rms(part(near, times.far_end(), times.near_end())));
  const Signal echo = make_echo(far, spec, voices, times);
  Signal microphone = make_noise(samples, spec.noise_dbfs, voices.seed);
  for (std::size_t i = 0; i < samples; ++i) {
    microphone[i] += echo[i] + near[i];
  }
  return {spec, times, to_samples(far), to_samples(microphone), to_samples(near), to_samples(echo)};
}

}  // namespace offhook::bench
