#include "audio/fft.hpp"

#include <bit>
#include <cassert>
#include <numbers>
#include <utility>

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

}  // namespace

Fft::Fft(std::size_t size) : roots_(size / 2) {
  assert(std::has_single_bit(size) && size >= 2);
  for (std::size_t k = 0; k < roots_.size(); ++k) {
    // In double, so that errors do not add up.
    const double turn = static_cast<double>(k) / static_cast<double>(size);
    roots_[k] = std::complex<float>{std::polar(1.0, -2 * std::numbers::pi * turn)};
  }
}

void Fft::forward(std::span<std::complex<float>> values) const {
  assert(values.size() == size());
  sort_by_reversed_bits(values);
  for (std::size_t length = 2; length <= values.size(); length *= 2) {
    const std::size_t half = length / 2;
    const std::size_t stride = values.size() / length;
    for (std::size_t begin = 0; begin < values.size(); begin += length) {
      for (std::size_t k = 0; k < half; ++k) {
        std::complex<float>& a = values[begin + k];
        std::complex<float>& b = values[begin + k + half];
        const std::complex<float> root = roots_[k * stride];
        // Written out, because the operator checks for infinities and is slow.
        const float real = b.real() * root.real() - b.imag() * root.imag();
        const float imaginary = b.real() * root.imag() + b.imag() * root.real();
        b = {a.real() - real, a.imag() - imaginary};
        a = {a.real() + real, a.imag() + imaginary};
      }
    }
  }
}

void Fft::inverse(std::span<std::complex<float>> values) const {
  const float scale = 1 / static_cast<float>(values.size());
  for (auto& value : values) {
    value = std::conj(value);
  }
  forward(values);
  for (auto& value : values) {
    value = std::conj(value) * scale;
  }
}

}  // namespace offhook::audio
