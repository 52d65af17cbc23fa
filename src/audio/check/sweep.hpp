#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace offhook::audio {

/// The longest way from loudspeaker to microphone that a sweep is looked for.
inline constexpr double longest_delay_s = 0.7;

/// An exponential sine sweep from 150 Hz to 7 kHz, half a second at the device's rate.
[[nodiscard]] std::vector<std::int16_t> make_sweep(double peak);

/// One sweep as it came back.
struct SweepFound {
  double lag_samples = 0;    ///< From where it was expected, with a fraction.
  double clarity_db = 0;     ///< Peak of the impulse response over its mean: 13 dB is noise alone.
  double distortion_db = 0;  ///< Power of the harmonics 2 to 5 against the fundamental.
};

/// How the way from loudspeaker to microphone answers a sweep, by deconvolution. Harmonics that a
/// loudspeaker adds come out apart from the linear part, as responses that begin earlier (Farina,
/// "Simultaneous measurement of impulse response and distortion with a swept-sine technique").
///
/// @param heard     What the microphone heard.
/// @param expected  Index at which the sweep would be without any delay.
/// Parts of `heard` that are missing count as silence.
[[nodiscard]] SweepFound find_sweep(std::span<const std::int16_t> heard, std::ptrdiff_t expected);

/// Clear enough to be no accident.
[[nodiscard]] bool is_heard(const SweepFound& sweep) noexcept;

}  // namespace offhook::audio
