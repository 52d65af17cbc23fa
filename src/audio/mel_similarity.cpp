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
constexpr double highest_hz = 3'400;               // what a telephone line carries
constexpr std::ptrdiff_t frames_beyond_ends = 50;  // 1 s

using MelFrame = std::array<float, bands>;

double to_mel(double hz) { return 1'127 * std::log(1 + hz / 700); }
double to_hz(double mel) { return 700 * (std::exp(mel / 1'127) - 1); }

/// Log energies of sound in triangular mel bands.
class MelAnalysis {
 public:
  explicit MelAnalysis(int rate_hz)
      : size_{std::bit_ceil(static_cast<std::size_t>(rate_hz) * 32 / 1'000)},
        hop_{static_cast<std::size_t>(rate_hz) / 50},
        bin_hz_{static_cast<double>(rate_hz) / static_cast<double>(size_)},
        // Keeps near silence from mattering: as much as rounding to 16 bits leaves in a band.
        floor_{1e4 * std::pow(static_cast<double>(size_) / 512, 2)} {
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      const double step = static_cast<double>(i) / static_cast<double>(bands + 1);
      edges_[i] = to_hz(to_mel(lowest_hz) + (to_mel(highest_hz) - to_mel(lowest_hz)) * step);
    }
  }

  [[nodiscard]] std::vector<MelFrame> frames(std::span<const std::int16_t> samples) const {
    std::vector<MelFrame> frames;
    std::vector<std::complex<float>> window(size_);
    for (std::size_t at = 0; at + size_ <= samples.size(); at += hop_) {
      for (std::size_t i = 0; i < size_; ++i) {
        const double turn = static_cast<double>(i) / static_cast<double>(size_ - 1);
        const double hamming = 0.54 - 0.46 * std::cos(2 * std::numbers::pi * turn);
        window[i] = static_cast<float>(samples[at + i] * hamming);
      }
      fft(window);
      frames.push_back(energies(window));
    }
    return frames;
  }

  [[nodiscard]] MelFrame silence() const {
    MelFrame frame{};
    frame.fill(static_cast<float>(std::log(floor_)));
    return frame;
  }

 private:
  [[nodiscard]] MelFrame energies(std::span<const std::complex<float>> spectrum) const {
    MelFrame frame{};
    for (std::size_t band = 0; band < bands; ++band) {
      const double low = edges_[band];
      const double middle = edges_[band + 1];
      const double high = edges_[band + 2];
      double energy = floor_;
      for (auto bin = static_cast<std::size_t>(low / bin_hz_) + 1;
           static_cast<double>(bin) * bin_hz_ < high; ++bin) {
        const double hz = static_cast<double>(bin) * bin_hz_;
        const double weight =
            hz < middle ? (hz - low) / (middle - low) : (high - hz) / (high - middle);
        energy += weight * static_cast<double>(std::norm(spectrum[bin]));
      }
      frame[band] = static_cast<float>(std::log(energy));
    }
    return frame;
  }

  std::size_t size_;
  std::size_t hop_;
  double bin_hz_;
  double floor_;
  std::array<double, bands + 2> edges_{};
};

/// Correlation of two patterns of equal length, each band without its mean.
double correlation(std::span<const MelFrame> a, std::span<const MelFrame> b) {
  double cross = 0;
  double energy_a = 1e-9;
  double energy_b = 1e-9;
  const auto count = static_cast<double>(a.size());
  for (std::size_t band = 0; band < bands; ++band) {
    double sum_a = 0;
    double sum_b = 0;
    double sum_ab = 0;
    double sum_aa = 0;
    double sum_bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double x = a[i][band];
      const double y = b[i][band];
      sum_a += x;
      sum_b += y;
      sum_ab += x * y;
      sum_aa += x * x;
      sum_bb += y * y;
    }
    cross += sum_ab - sum_a * sum_b / count;
    energy_a += sum_aa - sum_a * sum_a / count;
    energy_b += sum_bb - sum_b * sum_b / count;
  }
  return cross / std::sqrt(energy_a * energy_b);
}

}  // namespace

double mel_similarity(std::span<const std::int16_t> reference,
                      std::span<const std::int16_t> received,
                      int rate_hz) {
  const MelAnalysis analysis{rate_hz};
  const auto pattern = analysis.frames(reference);
  auto searched = analysis.frames(received);
  if (pattern.empty() || searched.empty()) {
    return 0;
  }
  const MelFrame silence = analysis.silence();
  searched.insert(searched.begin(), frames_beyond_ends, silence);
  searched.insert(searched.end(), frames_beyond_ends, silence);
  if (searched.size() < pattern.size()) {
    searched.resize(pattern.size(), silence);
  }
  double best = -1;
  for (std::size_t at = 0; at + pattern.size() <= searched.size(); ++at) {
    best = std::max(best, correlation(pattern, std::span{searched}.subspan(at, pattern.size())));
  }
  return best;
}

}  // namespace offhook::audio
