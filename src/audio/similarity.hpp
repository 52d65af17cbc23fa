#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace offhook::audio {

/// Where one sound lies in another, and how well it fits there.
struct Alignment {
  double correlation = 0;          ///< Normalised, -1 to 1; 1 for a copy, whatever its loudness.
  std::ptrdiff_t lag_samples = 0;  ///< received[i + lag] corresponds to reference[i].
};

/// Finds `reference` in `received`, which may be longer, by cross-correlation.
///
/// Lags from -`max_lag_samples` to `max_lag_samples` are tried, as far as at least half of the
/// shorter sound overlaps. Waveforms are compared, so both must have come through waveform-keeping
/// codecs. Memory: some 40 bytes per sample of both.
[[nodiscard]] Alignment best_alignment(std::span<const std::int16_t> reference,
                                       std::span<const std::int16_t> received,
                                       std::size_t max_lag_samples);

/// How well the waveform of `reference` is kept in `received`: the correlation of its parts of half
/// a second, each at the lag within 0.5 s of the whole's where it fits best; the mean by their
/// energy.
///
/// A jitter buffer that stretches or drops 20 ms moves all that follows, so that no one lag fits
/// the whole; here only the part in which that happened suffers. 0 where nothing was said.
/// @param rate_hz  Of both, 8000 or more.
[[nodiscard]] double waveform_similarity(std::span<const std::int16_t> reference,
                                         std::span<const std::int16_t> received,
                                         int rate_hz);

/// How alike two sounds are in their pattern of log-mel energies over time (20 bands, 250 to 3400
/// Hz, every 20 ms), 1 for the same. Speech keeps its pattern through telephone codecs and moderate
/// loss: the same sentence scores 0.94 or more, another one less than 0.93. That holds from about
/// 1.5 s on; a single word may well be found within another sentence.
///
/// `reference` is looked for everywhere in `received`, and up to 1 s beyond either end, where
/// silence is assumed.
/// @param rate_hz  Of both, 8000 or more.
[[nodiscard]] double mel_similarity(std::span<const std::int16_t> reference,
                                    std::span<const std::int16_t> received,
                                    int rate_hz);

/// Root mean square level; -120 for digital silence or no samples.
[[nodiscard]] double rms_dbfs(std::span<const std::int16_t> samples);

}  // namespace offhook::audio
