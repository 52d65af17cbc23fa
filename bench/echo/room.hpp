#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace offhook::bench {

using Signal = std::vector<float>;  // 16 kHz, full scale 1
using Point = std::array<double, 3>;

/// Impulse response between two points of a room of 4.2 x 3.5 x 2.6 m: images of the source up to
/// 80 ms (Allen and Berkley), then a diffuse tail.
[[nodiscard]] Signal room_response(const Point& source,
                                   const Point& microphone,
                                   double rt60_s,
                                   std::uint64_t seed);

/// The first `signal.size()` samples of the convolution.
[[nodiscard]] Signal convolve(std::span<const float> signal, std::span<const float> response);

/// The sound as recorded by a clock that runs slower by `ppm`.
[[nodiscard]] Signal drift(std::span<const float> signal, double ppm);

/// Root mean square level of the blocks of 10 ms within 40 dB of the loudest.
[[nodiscard]] double active_rms(std::span<const float> signal);

void scale(Signal& signal, double factor);

}  // namespace offhook::bench
