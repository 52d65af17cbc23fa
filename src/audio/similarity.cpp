#include "audio/similarity.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <vector>

#include "audio/fft.hpp"

namespace offhook::audio {
namespace {

using Spectrum = std::vector<std::complex<float>>;

/// Scaled to +-1, so that single precision suffices, and padded.
Spectrum spectrum_of(std::span<const std::int16_t> samples, const Fft& fft) {
  Spectrum spectrum(fft.size());
  std::transform(samples.begin(), samples.end(), spectrum.begin(),
                 [](std::int16_t sample) { return static_cast<float>(sample) / 32'768.F; });
  fft.forward(spectrum);
  return spectrum;
}

/// cross[lag mod size] = sum of reference[i] * received[i + lag].
Spectrum cross_correlation(std::span<const std::int16_t> reference,
                           std::span<const std::int16_t> received) {
  const Fft fft{std::bit_ceil(reference.size() + received.size())};
  const Spectrum a = spectrum_of(reference, fft);
  Spectrum b = spectrum_of(received, fft);
  for (std::size_t k = 0; k < b.size(); ++k) {
    b[k] = std::conj(a[k]) * b[k];
  }
  fft.inverse(b);
  return b;
}

/// energies[n] = energy of the first n samples.
std::vector<double> running_energy(std::span<const std::int16_t> samples) {
  std::vector<double> energies(samples.size() + 1);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double sample = samples[i] / 32'768.0;
    energies[i + 1] = energies[i] + sample * sample;
  }
  return energies;
}

}  // namespace

Alignment best_alignment(std::span<const std::int16_t> reference,
                         std::span<const std::int16_t> received,
                         std::size_t max_lag_samples) {
  if (reference.empty() || received.empty()) {
    return {};
  }
  const auto reference_size = static_cast<std::ptrdiff_t>(reference.size());
  const auto received_size = static_cast<std::ptrdiff_t>(received.size());
  const std::ptrdiff_t least_overlap = (std::min(reference_size, received_size) + 1) / 2;
  const auto furthest =
      static_cast<std::ptrdiff_t>(std::min(max_lag_samples, reference.size() + received.size()));
  const std::ptrdiff_t first = std::max(-furthest, least_overlap - reference_size);
  const std::ptrdiff_t last = std::min(furthest, received_size - least_overlap);

  const Spectrum cross = cross_correlation(reference, received);
  const auto reference_energy = running_energy(reference);
  const auto received_energy = running_energy(received);
  const auto between = [](const std::vector<double>& energy, std::ptrdiff_t begin,
                          std::ptrdiff_t end) {
    return energy[static_cast<std::size_t>(end)] - energy[static_cast<std::size_t>(begin)];
  };
  // Quieter than this, a window is silence, and what fits there is chance.
  const double least_energy = 1e-6 * reference_energy.back() + 1e-9;

  Alignment best;
  for (std::ptrdiff_t lag = first; lag <= last; ++lag) {
    const std::ptrdiff_t begin = std::max<std::ptrdiff_t>(0, -lag);
    const std::ptrdiff_t end = std::min(reference_size, received_size - lag);
    const double energy = between(reference_energy, begin, end);
    const double other_energy = between(received_energy, begin + lag, end + lag);
    if (energy < least_energy || other_energy < least_energy) {
      continue;
    }
    const std::size_t index =
        lag >= 0 ? static_cast<std::size_t>(lag) : cross.size() - static_cast<std::size_t>(-lag);
    const double correlation = cross[index].real() / std::sqrt(energy * other_energy);
    if (correlation > best.correlation) {
      best = {std::min(correlation, 1.0), lag};
    }
  }
  return best;
}

double waveform_similarity(std::span<const std::int16_t> reference,
                           std::span<const std::int16_t> received,
                           int rate_hz) {
  const auto whole =
      best_alignment(reference, received, reference.size() + received.size()).lag_samples;
  const auto part_size = static_cast<std::size_t>(rate_hz / 2);
  const auto margin = static_cast<std::ptrdiff_t>(part_size);
  const auto received_size = static_cast<std::ptrdiff_t>(received.size());
  double kept = 0;
  for (std::size_t begin = 0; begin < reference.size(); begin += part_size) {
    const auto part = reference.subspan(begin, std::min(part_size, reference.size() - begin));
    const auto expected = static_cast<std::ptrdiff_t>(begin) + whole;
    const auto from = std::clamp<std::ptrdiff_t>(expected - margin, 0, received_size);
    const auto to = std::clamp<std::ptrdiff_t>(
        expected + static_cast<std::ptrdiff_t>(part.size()) + margin, from, received_size);
    const auto near =
        received.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
    kept += running_energy(part).back() * best_alignment(part, near, near.size()).correlation;
  }
  const double all = running_energy(reference).back();
  return all > 0 ? kept / all : 0;
}

double rms_dbfs(std::span<const std::int16_t> samples) {
  if (samples.empty()) {
    return -120;
  }
  const double mean = running_energy(samples).back() / static_cast<double>(samples.size());
  return std::max(-120.0, 10 * std::log10(mean + 1e-12));
}

}  // namespace offhook::audio
