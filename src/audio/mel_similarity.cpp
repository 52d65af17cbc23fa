#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "audio/fft.hpp"
#include "audio/similarity.hpp"

namespace offhook::audio {
namespace {

constexpr std::size_t bands = 20;
constexpr double lowest_hz = 250;
constexpr double highest_hz = 3'400;            // what a telephone line carries
constexpr std::size_t frames_beyond_ends = 50;  // 1 s

using MelFrame = std::array<float, bands>;
using Pattern = std::vector<MelFrame>;

double to_mel(double hz) { return 1'127 * std::log(1 + hz / 700); }
double to_hz(double mel) { return 700 * (std::exp(mel / 1'127) - 1); }

/// Log energies of sound in triangular mel bands; digital silence is 0.
class MelAnalysis {
 public:
  explicit MelAnalysis(int rate_hz)
      : fft_{std::bit_ceil(static_cast<std::size_t>(rate_hz) * 32 / 1'000)},
        hop_{static_cast<std::size_t>(rate_hz) / 50},
        // Keeps near silence from mattering: as much as rounding to 16 bits leaves in a band.
        floor_{static_cast<float>(1e4 * std::pow(static_cast<double>(fft_.size()) / 512, 2))},
        window_(fft_.size()) {
    for (std::size_t i = 0; i < window_.size(); ++i) {
      const double turn = static_cast<double>(i) / static_cast<double>(window_.size() - 1);
      window_[i] = static_cast<float>(0.54 - 0.46 * std::cos(2 * std::numbers::pi * turn));
    }
    const double bin_hz = static_cast<double>(rate_hz) / static_cast<double>(fft_.size());
    for (std::size_t band = 0; band < bands; ++band) {
      add_band(edge_hz(band), edge_hz(band + 1), edge_hz(band + 2), bin_hz);
    }
  }

  [[nodiscard]] Pattern pattern(std::span<const std::int16_t> samples) const {
    Pattern frames;
    std::vector<std::complex<float>> block(fft_.size());
    for (std::size_t at = 0; at + block.size() <= samples.size(); at += hop_) {
      for (std::size_t i = 0; i < block.size(); ++i) {
        block[i] = static_cast<float>(samples[at + i]) * window_[i];
      }
      fft_.forward(block);
      frames.push_back(energies(block));
    }
    return frames;
  }

 private:
  struct Band {
    std::size_t first_bin = 0;
    std::vector<float> weights{};
  };

  static double edge_hz(std::size_t edge) {
    const double step = static_cast<double>(edge) / static_cast<double>(bands + 1);
    return to_hz(to_mel(lowest_hz) + (to_mel(highest_hz) - to_mel(lowest_hz)) * step);
  }

  void add_band(double low, double middle, double high, double bin_hz) {
    Band band{static_cast<std::size_t>(low / bin_hz) + 1};
    for (std::size_t bin = band.first_bin; static_cast<double>(bin) * bin_hz < high; ++bin) {
      const double hz = static_cast<double>(bin) * bin_hz;
      band.weights.push_back(static_cast<float>(hz < middle ? (hz - low) / (middle - low)
                                                            : (high - hz) / (high - middle)));
    }
    bands_.push_back(std::move(band));
  }

  [[nodiscard]] MelFrame energies(std::span<const std::complex<float>> spectrum) const {
    MelFrame frame{};
    for (std::size_t band = 0; band < bands; ++band) {
      float energy = floor_;
      for (std::size_t i = 0; i < bands_[band].weights.size(); ++i) {
        energy += bands_[band].weights[i] * std::norm(spectrum[bands_[band].first_bin + i]);
      }
      frame[band] = std::log(energy / floor_);
    }
    return frame;
  }

  Fft fft_;
  std::size_t hop_;
  float floor_;
  std::vector<float> window_;
  std::vector<Band> bands_;
};

/// Sums over the first n frames, per band, so that those of any stretch are a difference.
class RunningSums {
 public:
  explicit RunningSums(const Pattern& pattern) : sums_(pattern.size() + 1) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      for (std::size_t band = 0; band < bands; ++band) {
        const double value = pattern[i][band];
        sums_[i + 1].values[band] = sums_[i].values[band] + value;
        sums_[i + 1].squares += value * value;
      }
      sums_[i + 1].squares += sums_[i].squares;
    }
  }
  [[nodiscard]] double sum(std::size_t band, std::size_t begin, std::size_t count) const {
    return sums_[begin + count].values[band] - sums_[begin].values[band];
  }
  /// Energy of a stretch, each band without its mean; at least what rounding may leave of nothing.
  [[nodiscard]] double energy(std::size_t begin, std::size_t count) const {
    const double squares = sums_[begin + count].squares - sums_[begin].squares;
    double energy = squares;
    for (std::size_t band = 0; band < bands; ++band) {
      energy -= std::pow(sum(band, begin, count), 2) / static_cast<double>(count);
    }
    return std::max(energy, 1e-4 * squares + 1e-9);
  }

 private:
  struct Sums {
    std::array<double, bands> values{};
    double squares = 0;
  };
  std::vector<Sums> sums_;
};

double cross_energy(std::span<const MelFrame> a, std::span<const MelFrame> b) {
  double cross = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const MelFrame& x = a[i];
    const MelFrame& y = b[i];
    float sum = 0;
    for (std::size_t band = 0; band < bands; ++band) {
      sum += x[band] * y[band];
    }
    cross += static_cast<double>(sum);
  }
  return cross;
}

}  // namespace

double mel_similarity(std::span<const std::int16_t> reference,
                      std::span<const std::int16_t> received,
                      int rate_hz) {
  const MelAnalysis analysis{rate_hz};
  const Pattern wanted = analysis.pattern(reference);
  Pattern searched = analysis.pattern(received);
  if (wanted.empty() || searched.empty()) {
    return 0;
  }
  const MelFrame silence{};
  searched.insert(searched.begin(), frames_beyond_ends, silence);
  searched.resize(std::max(searched.size() + frames_beyond_ends, wanted.size()), silence);

  const std::size_t count = wanted.size();
  const RunningSums wanted_sums{wanted};
  const RunningSums searched_sums{searched};
  const double wanted_energy = wanted_sums.energy(0, count);
  double best = -1;
  for (std::size_t at = 0; at + count <= searched.size(); ++at) {
    double cross = cross_energy(wanted, std::span{searched}.subspan(at, count));
    for (std::size_t band = 0; band < bands; ++band) {
      cross -= wanted_sums.sum(band, 0, count) * searched_sums.sum(band, at, count) /
               static_cast<double>(count);
    }
    best = std::max(best, cross / std::sqrt(wanted_energy * searched_sums.energy(at, count)));
  }
  return best;
}

}  // namespace offhook::audio
