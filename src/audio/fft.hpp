#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

namespace offhook::audio {

/// Discrete Fourier transform of one size, in place, radix 2. Any number of threads.
class Fft {
 public:
  /// @param size  A power of two.
  explicit Fft(std::size_t size);

  [[nodiscard]] std::size_t size() const noexcept { return 2 * roots_.size(); }

  /// @param values  `size()` of them.
  void forward(std::span<std::complex<float>> values) const;
  /// Scaled so that it gives back what `forward` was given.
  void inverse(std::span<std::complex<float>> values) const;

 private:
  std::vector<std::complex<float>> roots_;  // exp(-2 pi i k / size), the first half of the circle
};

}  // namespace offhook::audio
