#include "audio/check/check_signal.hpp"

#include <algorithm>
#include <cstdlib>

#include "audio/check/sweep.hpp"
#include "audio/device/audio_device.hpp"

namespace offhook::audio {
namespace {

constexpr double start_s = 0.5;  // streams and cancellers of the server settle
constexpr double quiet_s = 1.0;
constexpr double speech_s = 6.0;
constexpr int sweeps_before = 3;
constexpr int sweeps_after = 3;
constexpr double sweep_peak = 0.35 * 32'767;
constexpr double speech_peak = 0.7 * 32'767;

std::size_t sample_count(double seconds) {
  return static_cast<std::size_t>(seconds * device_rate_hz);
}

void add_silence(CheckSignal& signal, double seconds) {
  signal.samples.resize(signal.samples.size() + sample_count(seconds));
}

void add_sweeps(CheckSignal& signal, int count) {
  const auto sweep = make_sweep(sweep_peak);
  for (int i = 0; i < count; ++i) {
    signal.sweeps.push_back(signal.samples.size());
    signal.samples.insert(signal.samples.end(), sweep.begin(), sweep.end());
    add_silence(signal, longest_delay_s + 0.1);
  }
}

void add_speech(CheckSignal& signal, std::span<const std::int16_t> speech) {
  int loudest = 1;
  for (const std::int16_t sample : speech) {
    loudest = std::max(loudest, std::abs(static_cast<int>(sample)));
  }
  signal.speech.begin = signal.samples.size();
  add_silence(signal, speech_s);
  signal.speech.end = signal.samples.size();
  for (std::size_t i = signal.speech.begin; i < signal.speech.end && !speech.empty(); ++i) {
    const double sample = speech[(i - signal.speech.begin) % speech.size()];
    signal.samples[i] = static_cast<std::int16_t>(sample * speech_peak / loudest);
  }
}

}  // namespace

CheckSignal make_check_signal(std::span<const std::int16_t> speech) {
  CheckSignal signal;
  add_silence(signal, start_s);
  signal.quiet.begin = signal.samples.size();
  add_silence(signal, quiet_s);
  signal.quiet.end = signal.samples.size();
  add_sweeps(signal, sweeps_before);
  add_speech(signal, speech);
  add_silence(signal, longest_delay_s);
  add_sweeps(signal, sweeps_after);
  return signal;
}

}  // namespace offhook::audio
