#include "audio/check/check_figures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "audio/check/sweep.hpp"
#include "audio/resampler.hpp"
#include "audio/similarity.hpp"

namespace offhook::audio {
namespace {

using Samples = std::vector<std::int16_t>;

/// No pair of clocks moves so much between two sweeps.
constexpr double delay_jump_samples = 0.001 * device_rate_hz;
constexpr double most_drift = 500e-6;
constexpr int full_scale = 32'700;
constexpr std::size_t clipped_run = 3;  // fewer samples at full scale are just loud

/// The part of `samples` that is there.
std::span<const std::int16_t> part(const Samples& samples, double begin, double end) {
  const auto limit = [&](double at) {
    return static_cast<std::size_t>(std::clamp(at, 0.0, static_cast<double>(samples.size())));
  };
  const std::size_t first = limit(begin);
  return std::span{samples}.subspan(first, std::max(first, limit(end)) - first);
}

std::uint64_t count_clipped(const Samples& samples) {
  std::uint64_t clipped = 0;
  std::size_t run = 0;
  for (const std::int16_t sample : samples) {
    run = std::abs(static_cast<int>(sample)) >= full_scale ? run + 1 : 0;
    clipped += run == clipped_run ? clipped_run : run > clipped_run ? 1 : 0;
  }
  return clipped;
}

double median(std::vector<double> values) {
  if (values.empty()) {
    return 0;
  }
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Lag {
  double at = 0;  ///< Sample of the signal.
  double samples = 0;
};

/// Clocks alone do not do that.
bool is_jump(const Lag& from, const Lag& to) {
  return std::abs(to.samples - from.samples) > delay_jump_samples + most_drift * (to.at - from.at);
}

/// Slope of the lags, in ppm, from pairs between which there is no jump.
double drift_of(const std::vector<Lag>& lags) {
  std::vector<double> slopes;
  std::size_t begin = 0;
  for (std::size_t i = 1; i < lags.size(); ++i) {
    if (is_jump(lags[i - 1], lags[i])) {
      begin = i;
    }
    for (std::size_t j = begin; j < i; ++j) {
      slopes.push_back((lags[i].samples - lags[j].samples) / (lags[i].at - lags[j].at));
    }
  }
  return median(std::move(slopes)) * 1e6;
}

int count_jumps(const std::vector<Lag>& lags) {
  int jumps = 0;
  for (std::size_t i = 1; i < lags.size(); ++i) {
    jumps += is_jump(lags[i - 1], lags[i]) ? 1 : 0;
  }
  return jumps;
}

/// Where sample 0 of the signal would be in `heard` if there was no delay at all.
double offset_of(const CheckRecording& recording) {
  return (recording.play_began_ms - recording.heard_began_ms) * device_rate_hz / 1'000;
}

std::vector<Lag> find_sweeps(const CheckSignal& signal,
                             const CheckRecording& recording,
                             CheckFigures& figures) {
  std::vector<Lag> lags;
  std::vector<double> distortions;
  for (const std::size_t at : signal.sweeps) {
    const auto expected = std::lround(static_cast<double>(at) + offset_of(recording));
    const SweepFound found = find_sweep(recording.heard, expected);
    if (is_heard(found)) {
      lags.push_back({static_cast<double>(at), found.lag_samples});
      distortions.push_back(found.distortion_db);
    }
  }
  figures.distortion_db = median(std::move(distortions));
  return lags;
}

/// What is heard beside what was played at the same time, perfectly in step: what the canceller can
/// do here at best. In a call the two come in the pieces of the sound server.
Samples cancel(const CheckSignal& signal,
               const CheckRecording& recording,
               VoiceProcessor& processor) {
  auto far = resample(signal.samples, device_rate_hz, VoiceProcessor::sample_rate_hz);
  auto near = resample(recording.heard, device_rate_hz, VoiceProcessor::sample_rate_hz);
  if (!far || !near) {
    return {};
  }
  const auto offset =
      std::lround(offset_of(recording) * VoiceProcessor::sample_rate_hz / device_rate_hz);
  constexpr std::size_t block = VoiceProcessor::block_samples;
  Samples cleaned(near->size());
  for (std::size_t at = 0; at + block <= near->size(); at += block) {
    std::array<std::int16_t, block> played{};
    for (std::size_t i = 0; i < block; ++i) {
      const auto from = static_cast<std::ptrdiff_t>(at + i) - offset;
      played[i] = from >= 0 && from < std::ssize(*far) ? (*far)[static_cast<std::size_t>(from)] : 0;
    }
    processor.process(played, std::span{*near}.subspan(at, block),
                      std::span{cleaned}.subspan(at, block));
  }
  return cleaned;
}

void measure_echo(const CheckSignal& signal,
                  const CheckRecording& recording,
                  double lag,
                  VoiceProcessor* processor,
                  CheckFigures& figures) {
  const double shift = offset_of(recording) + lag;
  const auto begin = static_cast<double>(signal.speech.begin);
  const auto end = static_cast<double>(signal.speech.end);
  const double settled = (begin + end) / 2;  // the canceller needs its first seconds to learn
  const double played = rms_dbfs(part(signal.samples, settled, end));
  figures.echo_dbfs = rms_dbfs(part(recording.heard, settled + shift, end + shift));
  figures.echo_gain_db = figures.echo_dbfs - played;
  figures.echo_after_dbfs = figures.echo_dbfs;
  if (processor == nullptr) {
    return;
  }
  const Samples cleaned = cancel(signal, recording, *processor);
  constexpr double ratio = static_cast<double>(VoiceProcessor::sample_rate_hz) / device_rate_hz;
  figures.echo_after_dbfs =
      rms_dbfs(part(cleaned, (settled + shift) * ratio, (end + shift) * ratio));
  figures.canceller_delay_ms = processor->stats().delay_ms;
}

}  // namespace

CheckFigures measure(const CheckSignal& signal,
                     const CheckRecording& recording,
                     VoiceProcessor* processor) {
  CheckFigures figures;
  const double offset = offset_of(recording);
  figures.noise_dbfs =
      rms_dbfs(part(recording.heard, static_cast<double>(signal.quiet.begin) + offset,
                    static_cast<double>(signal.quiet.end) + offset));
  figures.clipped = count_clipped(recording.heard);
  figures.gaps = recording.counters.capture_gaps + recording.counters.playback_gaps;
  figures.server_cancels_echo = recording.server_cancels_echo;
  const std::vector<Lag> lags = find_sweeps(signal, recording, figures);
  figures.sound_found = 2 * lags.size() >= signal.sweeps.size() && lags.size() >= 2;
  if (!figures.sound_found) {
    return figures;
  }
  std::vector<double> samples;
  for (const Lag& lag : lags) {
    samples.push_back(lag.samples);
  }
  const double lag = median(std::move(samples));
  figures.round_trip_ms = lag * 1'000 / device_rate_hz;
  figures.drift_ppm = drift_of(lags);
  figures.jumps = count_jumps(lags);
  measure_echo(signal, recording, lag, processor, figures);
  return figures;
}

}  // namespace offhook::audio
