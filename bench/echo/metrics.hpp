#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace offhook::bench {

using SampleView = std::span<const std::int16_t>;

/// Mean square of each block, full scale 1.
[[nodiscard]] std::vector<double> block_powers(SampleView samples, std::size_t block_samples);

[[nodiscard]] double to_db(double power_ratio);

/// Signal to distortion ratio, where a linear filter of 256 taps (centre: no delay) on the clean
/// sound does not count as distortion. Both at 16 kHz.
[[nodiscard]] double sdr_db(SampleView clean, SampleView processed);

/// Short-time objective intelligibility (Taal et al. 2011), 0 to 1. Both at 16 kHz and in step; the
/// clean sound must hold half a second of speech, else 0.
[[nodiscard]] double stoi(SampleView clean, SampleView processed);

}  // namespace offhook::bench
