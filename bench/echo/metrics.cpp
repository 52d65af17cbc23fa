#include "metrics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "audio/fft.hpp"
#include "audio/resampler.hpp"

namespace offhook::bench {
namespace {

constexpr double full_scale = 32'768;

/// Solves the symmetric Toeplitz system given by its first row (Levinson).
std::vector<double> solve_toeplitz(const std::vector<double>& row,
                                   const std::vector<double>& right) {
  const std::size_t size = row.size();
  std::vector<double> solution(size);
  std::vector<double> predictor(size);
  predictor[0] = 1;
  double error = row[0];
  solution[0] = right[0] / row[0];
  for (std::size_t n = 1; n < size; ++n) {
    double reflection = 0;
    double miss = right[n];
    for (std::size_t i = 0; i < n; ++i) {
      reflection -= predictor[i] * row[n - i];
      miss -= solution[i] * row[n - i];
    }
    reflection /= error;
    std::vector<double> next = predictor;
    for (std::size_t i = 0; i < n; ++i) {
      next[n - i] += reflection * predictor[i];
    }
    predictor = std::move(next);
    error *= 1 - reflection * reflection;
    for (std::size_t i = 0; i <= n; ++i) {
      solution[i] += miss / error * predictor[n - i];
    }
  }
  return solution;
}

// Short-time objective intelligibility, at 10 kHz.
constexpr int stoi_rate_hz = 10'000;
constexpr std::size_t frame = 256;
constexpr std::size_t step = 128;
constexpr std::size_t transform = 512;
constexpr std::size_t bands = 15;
constexpr std::size_t segment = 30;  // frames, 384 ms
using Bands = std::array<double, bands>;

std::array<double, frame> make_window() {
  std::array<double, frame> window{};
  for (std::size_t i = 0; i < frame; ++i) {
    window[i] =
        0.5 - 0.5 * std::cos(2 * 3.14159265358979 * static_cast<double>(i + 1) / (frame + 1));
  }
  return window;
}

std::vector<double> at_stoi_rate(SampleView samples) {
  const auto converted = audio::resample(samples, 16'000, stoi_rate_hz);
  std::vector<double> out;
  if (converted) {
    out.assign(converted->begin(), converted->end());
    for (double& sample : out) {
      sample /= full_scale;
    }
  }
  return out;
}

/// Overlap-adds the frames that are wanted, one behind the other.
std::vector<double> join_frames(const std::vector<double>& sound,
                                const std::vector<std::size_t>& wanted) {
  static const auto window = make_window();
  std::vector<double> out(wanted.empty() ? 0 : (wanted.size() - 1) * step + frame);
  for (std::size_t n = 0; n < wanted.size(); ++n) {
    for (std::size_t i = 0; i < frame; ++i) {
      out[n * step + i] += window[i] * sound[wanted[n] * step + i];
    }
  }
  return out;
}

std::vector<std::size_t> audible_frames(const std::vector<double>& sound) {
  static const auto window = make_window();
  std::vector<double> levels;
  for (std::size_t at = 0; at + frame < sound.size(); at += step) {
    double sum = 0;
    for (std::size_t i = 0; i < frame; ++i) {
      sum += std::pow(window[i] * sound[at + i], 2);
    }
    levels.push_back(10 * std::log10(sum + 1e-24));
  }
  std::vector<std::size_t> frames;
  const double loudest = levels.empty() ? 0 : *std::ranges::max_element(levels);
  for (std::size_t n = 0; n < levels.size(); ++n) {
    if (levels[n] > loudest - 40) {
      frames.push_back(n);
    }
  }
  return frames;
}

std::vector<Bands> third_octaves(const std::vector<double>& sound) {
  static const auto window = make_window();
  static const audio::Fft fft{transform};
  const auto bin_of = [](double hz) {
    return static_cast<std::size_t>(std::lround(hz * transform / stoi_rate_hz));
  };
  std::vector<Bands> out;
  std::vector<std::complex<float>> bins(transform);
  for (std::size_t at = 0; at + frame < sound.size(); at += step) {
    std::ranges::fill(bins, std::complex<float>{});
    for (std::size_t i = 0; i < frame; ++i) {
      bins[i] = static_cast<float>(window[i] * sound[at + i]);
    }
    fft.forward(bins);
    Bands& levels = out.emplace_back();
    for (std::size_t band = 0; band < bands; ++band) {
      const double centre = 150 * std::pow(2, static_cast<double>(band) / 3);
      const std::size_t end = std::min(bin_of(centre * std::pow(2, 1.0 / 6)), transform / 2 + 1);
      double sum = 0;
      for (std::size_t k = bin_of(centre / std::pow(2, 1.0 / 6)); k < end; ++k) {
        sum += std::norm(std::complex<double>{bins[k]});
      }
      levels[band] = std::sqrt(sum);
    }
  }
  return out;
}

/// Correlation of one band over one segment, with the processed sound levelled and clipped.
double band_correlation(std::span<const Bands> clean,
                        std::span<const Bands> processed,
                        std::size_t band) {
  std::array<double, segment> x{};
  std::array<double, segment> y{};
  double x_energy = 0;
  double y_energy = 0;
  for (std::size_t i = 0; i < segment; ++i) {
    x[i] = clean[i][band];
    y[i] = processed[i][band];
    x_energy += x[i] * x[i];
    y_energy += y[i] * y[i];
  }
  const double level = std::sqrt(x_energy) / (std::sqrt(y_energy) + 1e-12);
  const double clip = 1 + std::pow(10, 15.0 / 20);
  for (std::size_t i = 0; i < segment; ++i) {
    y[i] = std::min(y[i] * level, x[i] * clip);
  }
  const double x_mean = std::accumulate(x.begin(), x.end(), 0.0) / segment;
  const double y_mean = std::accumulate(y.begin(), y.end(), 0.0) / segment;
  double xy = 0;
  double xx = 0;
  double yy = 0;
  for (std::size_t i = 0; i < segment; ++i) {
    xy += (x[i] - x_mean) * (y[i] - y_mean);
    xx += (x[i] - x_mean) * (x[i] - x_mean);
    yy += (y[i] - y_mean) * (y[i] - y_mean);
  }
  return xy / (std::sqrt(xx * yy) + 1e-12);
}

}  // namespace

std::vector<double> block_powers(SampleView samples, std::size_t block_samples) {
  std::vector<double> powers;
  for (std::size_t at = 0; at + block_samples <= samples.size(); at += block_samples) {
    double sum = 0;
    for (const std::int16_t sample : samples.subspan(at, block_samples)) {
      sum += double{static_cast<double>(sample)} * sample;
    }
    powers.push_back(sum / (full_scale * full_scale) / static_cast<double>(block_samples));
  }
  return powers;
}

double to_db(double power_ratio) { return 10 * std::log10(power_ratio + 1e-12); }

double sdr_db(SampleView clean, SampleView processed) {
  constexpr std::size_t taps = 256;
  constexpr std::size_t early = taps / 2;
  const std::size_t length = std::min(clean.size(), processed.size());
  std::vector<double> row(taps);
  std::vector<double> right(taps);
  for (std::size_t lag = 0; lag < taps; ++lag) {
    for (std::size_t i = lag; i < length; ++i) {
      row[lag] += double{static_cast<double>(clean[i])} * clean[i - lag];
    }
    for (std::size_t i = 0; i < length; ++i) {
      const std::size_t at = i + lag;
      if (at >= early && at - early < length) {
        right[lag] += double{static_cast<double>(clean[i])} * processed[at - early];
      }
    }
  }
  if (row[0] == 0) {
    return 0;
  }
  row[0] *= 1 + 1e-6;
  const auto filter = solve_toeplitz(row, right);
  double wanted = 0;
  double distortion = 0;
  for (std::size_t i = 0; i < length; ++i) {
    double estimate = 0;
    for (std::size_t lag = 0; lag < taps; ++lag) {
      const std::size_t at = i + early;
      estimate += at >= lag && at - lag < length ? filter[lag] * clean[at - lag] : 0;
    }
    wanted += estimate * estimate;
    distortion += std::pow(processed[i] - estimate, 2);
  }
  return to_db(wanted / (distortion + 1e-9));
}

double stoi(SampleView clean, SampleView processed) {
  std::vector<double> x = at_stoi_rate(clean);
  std::vector<double> y = at_stoi_rate(processed);
  const std::size_t length = std::min(x.size(), y.size());
  x.resize(length);
  y.resize(length);
  const auto audible = audible_frames(x);
  const auto x_bands = third_octaves(join_frames(x, audible));
  const auto y_bands = third_octaves(join_frames(y, audible));
  if (x_bands.size() < segment) {
    return 0;
  }
  double sum = 0;
  const std::size_t segments = x_bands.size() - segment + 1;
  for (std::size_t at = 0; at < segments; ++at) {
    const std::span<const Bands> a = std::span{x_bands}.subspan(at, segment);
    const std::span<const Bands> b = std::span{y_bands}.subspan(at, segment);
    for (std::size_t band = 0; band < bands; ++band) {
      sum += band_correlation(a, b, band);
    }
  }
  return sum / static_cast<double>(segments * bands);
}

}  // namespace offhook::bench
