#include "audio/fft.hpp"

#include <bit>
#include <cassert>
#include <cstddef>
#include <numbers>
#include <utility>
#include <vector>

namespace offhook::audio {
namespace {

void sort_by_reversed_bits(std::span<std::complex<float>> values) {
  std::size_t reversed = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    std::size_t bit = values.size() / 2;
    for (; (reversed & bit) != 0; bit /= 2) {
      reversed ^= bit;
    }
    reversed ^= bit;
    if (i < reversed) {
      std::swap(values[i], values[reversed]);
    }
  }
}

/// exp(-2 pi i k / n) for the first half of the circle, in double so that errors do not add up.
std::vector<std::complex<float>> roots_of_unity(std::size_t n) {
  std::vector<std::complex<float>> roots(n / 2);
  for (std::size_t k = 0; k < roots.size(); ++k) {
    const auto root =
        std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n));
    roots[k] = std::complex<float>{root};
  }
  return roots;
}

/// a * b without the checks for infinities that make the operator slow.
std::complex<float> times(std::complex<float> a, std::complex<float> b) noexcept {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

}  // namespace

void fft(std::span<std::complex<float>> values) {
  assert(std::has_single_bit(values.size()));
  sort_by_reversed_bits(values);
  const auto roots = roots_of_unity(values.size());
  for (std::size_t length = 2; length <= values.size(); length *= 2) {
    const std::size_t half = length / 2;
    const std::size_t stride = values.size() / length;
    for (std::size_t begin = 0; begin < values.size(); begin += length) {
      for (std::size_t k = 0; k < half; ++k) {
        const std::complex<float> even = values[begin + k];
        const std::complex<float> odd = times(values[begin + k + half], roots[k * stride]);
        values[begin + k] = even + odd;
        values[begin + k + half] = even - odd;
      }
    }
  }
}

void inverse_fft(std::span<std::complex<float>> values) {
  const float scale = 1 / static_cast<float>(values.size());
  for (auto& value : values) {
    value = std::conj(value);
  }
  fft(values);
  for (auto& value : values) {
    value = std::conj(value) * scale;
  }
}

}  // namespace offhook::audio
