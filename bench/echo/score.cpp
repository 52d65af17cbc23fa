#include "score.hpp"

#include <algorithm>
#include <ctime>
#include <numeric>
#include <span>

#include "audio/similarity.hpp"
#include "metrics.hpp"

namespace offhook::bench {
namespace {

using audio::VoiceProcessor;
constexpr std::size_t block = VoiceProcessor::block_samples;
constexpr std::size_t blocks_per_second = 100;
constexpr std::size_t score_rate_hz = VoiceProcessor::sample_rate_hz;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

SampleView between(const Scene::Samples& samples, int from_s, int to_s) {
  return SampleView{samples}.subspan(static_cast<std::size_t>(from_s) * score_rate_hz,
                                     static_cast<std::size_t>(to_s - from_s) * score_rate_hz);
}

Scene::Samples process(const Scene& scene, VoiceProcessor& processor, Score& score) {
  Scene::Samples out(scene.microphone.size());
  std::vector<double> times;
  for (std::size_t at = 0; at + block <= out.size(); at += block) {
    const double begin = cpu_seconds();
    processor.process(SampleView{scene.far}.subspan(at, block),
                      SampleView{scene.microphone}.subspan(at, block),
                      std::span{out}.subspan(at, block));
    times.push_back((cpu_seconds() - begin) * 1e6);
  }
  score.cpu_us =
      std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
  std::ranges::sort(times);
  score.cpu_p99_us = times[times.size() * 99 / 100];
  score.found_delay_ms = processor.stats().delay_ms;
  score.found_drift_ppm = processor.stats().drift_ppm;
  return out;
}

/// Undoes the processor's own delay.
Scene::Samples in_step(const Scene& scene, const Scene::Samples& out, Score& score) {
  const auto& times = scene.times;
  const auto found =
      audio::best_alignment(between(scene.near, times.both_end(), times.near_end()),
                            between(out, times.both_end(), times.near_end()), score_rate_hz / 10);
  const auto lag = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, found.lag_samples));
  score.delay_ms = static_cast<double>(lag) * 1e3 / score_rate_hz;
  Scene::Samples early(out.begin() + static_cast<std::ptrdiff_t>(lag), out.end());
  early.resize(out.size());
  return early;
}

struct Powers {
  std::vector<double> microphone;
  std::vector<double> out;
  std::vector<double> echo;
  double echo_floor;

  [[nodiscard]] bool echoes(std::size_t i) const { return echo[i] > echo_floor; }
};

double erle(const Powers& powers, int from_s, int to_s) {
  double before = 0;
  double after = 1e-15;
  for (std::size_t i = static_cast<std::size_t>(from_s) * blocks_per_second;
       i < static_cast<std::size_t>(to_s) * blocks_per_second; ++i) {
    if (powers.echoes(i)) {
      before += powers.microphone[i];
      after += powers.out[i];
    }
  }
  return to_db(before / after);
}

/// Seconds from the first echo behind `from_s` until a run of half a second of it is attenuated by
/// 20 dB.
double time_to_20_db(const Powers& powers, int from_s, int to_s) {
  constexpr std::size_t window = blocks_per_second / 2;
  std::vector<std::size_t> active;
  for (std::size_t i = static_cast<std::size_t>(from_s) * blocks_per_second;
       i < static_cast<std::size_t>(to_s) * blocks_per_second; ++i) {
    if (powers.echoes(i)) {
      active.push_back(i);
    }
  }
  for (std::size_t n = window; n < active.size(); ++n) {
    double before = 0;
    double after = 0;
    for (std::size_t k = n - window; k < n; ++k) {
      before += powers.microphone[active[k]];
      after += powers.out[active[k]];
    }
    if (before >= 100 * after) {
      return static_cast<double>(active[n] - active.front()) / blocks_per_second;
    }
  }
  return never;
}

double loud_percent(const Scene::Samples& out, const Timeline& times) {
  const int from = std::min(times.silence + 5, times.far_end() - 2);
  const auto windows = block_powers(between(out, from, times.far_end()), score_rate_hz / 10);
  const auto loud = std::ranges::count_if(windows, [](double power) { return power > 1e-5; });
  return 100 * static_cast<double>(loud) / static_cast<double>(windows.size());
}

double cut_percent(SampleView near, SampleView out) {
  const auto before = block_powers(near, block);
  const auto after = block_powers(out, block);
  const double floor = *std::ranges::max_element(before) * 1e-4;
  double spoken = 0;
  double cut = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] > floor) {
      ++spoken;
      cut += to_db((after[i] + 1e-10) / (before[i] + 1e-10)) < -12 ? 1 : 0;
    }
  }
  return 100 * cut / std::max(spoken, 1.0);
}

}  // namespace

Score run(const Scene& scene, VoiceProcessor& processor) {
  Score score;
  const Scene::Samples raw = process(scene, processor, score);
  const Scene::Samples out = in_step(scene, raw, score);
  const auto& times = scene.times;
  Powers powers{block_powers(scene.microphone, block), block_powers(out, block),
                block_powers(scene.echo, block), 0};
  powers.echo_floor = *std::ranges::max_element(powers.echo) * 1e-3;
  score.erle_db = erle(powers, times.jump(), times.far_end());
  score.converged_s = time_to_20_db(powers, times.silence, times.far_end());
  score.loud_percent = loud_percent(out, times);
  if (times.moved > 0) {
    const int from = times.near_end() + std::min(8, times.moved / 2);
    score.moved_erle_db = erle(powers, from, times.end());
  }
  if (scene.spec.jump_ms != 0) {
    score.recovered_s = time_to_20_db(powers, times.jump(), times.far_end());
  }
  const SampleView near = between(scene.near, times.far_end() + 1, times.both_end());
  const SampleView heard = between(out, times.far_end() + 1, times.both_end());
  score.both_sdr_db = sdr_db(near, heard);
  score.both_stoi = stoi(near, heard);
  score.both_cut_percent = cut_percent(near, heard);
  score.near_sdr_db = sdr_db(between(scene.near, times.both_end() + 1, times.near_end()),
                             between(out, times.both_end() + 1, times.near_end()));
  return score;
}

Score mean_of(std::span<const Score> scores) {
  Score mean;
  for (const auto field :
       {&Score::erle_db, &Score::converged_s, &Score::loud_percent, &Score::moved_erle_db,
        &Score::recovered_s, &Score::both_sdr_db, &Score::both_stoi, &Score::both_cut_percent,
        &Score::near_sdr_db, &Score::delay_ms, &Score::cpu_us, &Score::cpu_p99_us}) {
    for (const Score& score : scores) {
      mean.*field += score.*field / static_cast<double>(scores.size());
    }
  }
  return mean;
}

}  // namespace offhook::bench
