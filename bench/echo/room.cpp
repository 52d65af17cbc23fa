#include "room.hpp"

#include <algorithm>
#include <cmath>
#include <complex>

#include "audio/fft.hpp"
#include "random.hpp"

namespace offhook::bench {
namespace {

constexpr double room_rate_hz = 16'000;
constexpr double speed_of_sound = 343;  // m/s
constexpr double image_seconds = 0.08;
constexpr Point room{4.2, 3.5, 2.6};

/// Share of the pressure that a wall gives back (Sabine).
double wall_reflection(double rt60_s) {
  const double volume = room[0] * room[1] * room[2];
  const double surface = 2 * (room[0] * room[1] + room[0] * room[2] + room[1] * room[2]);
  return std::sqrt(1 - std::min(0.95, 0.161 * volume / (surface * rt60_s)));
}

/// Adds the 8 images of one cell of the mirrored rooms.
void add_images(const std::array<int, 3>& cell,
                const Point& source,
                const Point& microphone,
                double reflection,
                Signal& response) {
  for (int mirrored = 0; mirrored < 8; ++mirrored) {
    double square = 0;
    int bounces = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const int flip = (mirrored >> static_cast<int>(axis)) % 2;
      const double place = (1 - 2 * flip) * source[axis] + 2 * cell[axis] * room[axis];
      square += (place - microphone[axis]) * (place - microphone[axis]);
      bounces += std::abs(cell[axis] - flip) + std::abs(cell[axis]);
    }
    const double distance = std::sqrt(square);
    const double time = distance / speed_of_sound * room_rate_hz;
    const auto at = static_cast<std::size_t>(time);
    if (time >= image_seconds * room_rate_hz || at + 1 >= response.size()) {
      continue;
    }
    const double gain = std::pow(reflection, bounces) / (12.566 * std::max(distance, 0.05));
    const double part = time - std::floor(time);
    response[at] += static_cast<float>(gain * (1 - part));
    response[at + 1] += static_cast<float>(gain * part);
  }
}

void add_tail(double rt60_s, std::uint64_t seed, Signal& response) {
  const auto images_end = static_cast<std::size_t>(image_seconds * room_rate_hz);
  const auto begin = static_cast<std::size_t>(0.6 * image_seconds * room_rate_hz);
  double energy = 0;
  const std::size_t end = std::min(images_end, response.size());
  for (std::size_t i = begin; i < end; ++i) {
    energy += double{response[i]} * response[i];
  }
  const double level =
      std::sqrt(energy / static_cast<double>(std::max<std::size_t>(1, end - begin)));
  Random random{seed};
  for (std::size_t i = begin; i < response.size(); ++i) {
    const double seconds = static_cast<double>(i - begin) / room_rate_hz;
    response[i] += static_cast<float>(random.normal() * level * std::exp(-6.91 * seconds / rt60_s));
  }
}

}  // namespace

Signal room_response(const Point& source,
                     const Point& microphone,
                     double rt60_s,
                     std::uint64_t seed) {
  Signal response(static_cast<std::size_t>(room_rate_hz * std::max(rt60_s * 1.1, 0.05)));
  const double reflection = wall_reflection(rt60_s);
  const int reach = static_cast<int>(std::ceil(image_seconds * speed_of_sound / (2 * room[2]))) + 1;
  for (int x = -reach; x <= reach; ++x) {
    for (int y = -reach; y <= reach; ++y) {
      for (int z = -reach; z <= reach; ++z) {
        add_images({x, y, z}, source, microphone, reflection, response);
      }
    }
  }
  add_tail(rt60_s, seed, response);
  return response;
}

Signal convolve(std::span<const float> signal, std::span<const float> response) {
  constexpr std::size_t size = 32'768;
  const audio::Fft fft{size};
  std::vector<std::complex<float>> filter(size);
  std::ranges::copy(response, filter.begin());
  fft.forward(filter);
  const std::size_t step = size - response.size() + 1;
  Signal out(signal.size());
  std::vector<std::complex<float>> block(size);
  for (std::size_t begin = 0; begin < signal.size(); begin += step) {
    std::ranges::fill(block, std::complex<float>{});
    std::ranges::copy(signal.subspan(begin, std::min(step, signal.size() - begin)), block.begin());
    fft.forward(block);
    for (std::size_t k = 0; k < size; ++k) {
      const auto a = block[k];
      const auto b = filter[k];
      block[k] = {a.real() * b.real() - a.imag() * b.imag(),
                  a.real() * b.imag() + a.imag() * b.real()};
    }
    fft.inverse(block);
    for (std::size_t i = 0; i < size && begin + i < out.size(); ++i) {
      out[begin + i] += block[i].real();
    }
  }
  return out;
}

Signal drift(std::span<const float> signal, double ppm) {
  Signal out(signal.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double time = static_cast<double>(i) * (1 + ppm * 1e-6);
    const auto at = static_cast<std::size_t>(time);
    if (at + 2 >= signal.size()) {
      break;
    }
    // Cubic Hermite through four samples.
    const auto part = static_cast<float>(time - std::floor(time));
    const float before = signal[at == 0 ? 0 : at - 1];
    const float here = signal[at];
    const float next = signal[at + 1];
    const float after = signal[at + 2];
    const float c1 = 0.5F * (next - before);
    const float c2 = before - 2.5F * here + 2 * next - 0.5F * after;
    const float c3 = 0.5F * (after - before) + 1.5F * (here - next);
    out[i] = ((c3 * part + c2) * part + c1) * part + here;
  }
  return out;
}

double active_rms(std::span<const float> signal) {
  constexpr std::size_t block = 160;
  std::vector<double> energies;
  for (std::size_t at = 0; at + block <= signal.size(); at += block) {
    double sum = 0;
    for (const float sample : signal.subspan(at, block)) {
      sum += double{sample} * sample;
    }
    energies.push_back(sum / block);
  }
  const double loudest = energies.empty() ? 0 : *std::ranges::max_element(energies);
  double sum = 0;
  double count = 0;
  for (const double energy : energies) {
    if (energy > loudest * 1e-4) {
      sum += energy;
      ++count;
    }
  }
  return std::sqrt(sum / std::max(count, 1.0));
}

void scale(Signal& signal, double factor) {
  for (float& sample : signal) {
    sample *= static_cast<float>(factor);
  }
}

}  // namespace offhook::bench
