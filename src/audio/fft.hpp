#pragma once

#include <complex>
#include <span>

namespace offhook::audio {

/// Discrete Fourier transform in place, radix 2.
/// @param values  A power of two of them.
void fft(std::span<std::complex<float>> values);

/// Its inverse, scaled so that it gives back what `fft` was given.
void inverse_fft(std::span<std::complex<float>> values);

}  // namespace offhook::audio
