#include "network.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "random.hpp"

namespace offhook::bench {
namespace {

constexpr double network_frame_ms = 20;
constexpr int packets_between_pauses = 400;
constexpr double pause_ms = 4'000;

/// What the path adds to a packet that leaves at a time.
class Path {
 public:
  Path(const Network& network, std::uint64_t seed) : network_{network}, random_{seed} {}

  double delay_ms(int packet, double sent_ms) {
    using Delay = Network::Delay;
    switch (network_.delay) {
      case Delay::none: return 0;
      case Delay::normal: return std::abs(random_.normal()) * network_.amount;
      case Delay::uniform: return random_.uniform() * network_.amount;
      case Delay::wifi: return std::max(exponential(4), stall_ms(sent_ms, 0.01, 80, 120));
      case Delay::lte: {
        const double wander = 25 + 25 * std::sin(sent_ms / 4'000);
        return std::max(10 * std::abs(random_.normal()) + wander,
                        stall_ms(sent_ms, 0.004, 60, 200));
      }
      case Delay::step: return exponential(5) + (sent_ms > 20'000 && sent_ms < 30'000 ? 120 : 0);
      case Delay::bundles: return network_frame_ms * (5 - packet % 6);
      case Delay::pauses:
      case Delay::pauses_standing: return exponential(3);
    }
    return 0;
  }

  bool loses() {
    const double loss = network_.loss_percent / 100;
    if (network_.burst <= 1) {
      return random_.uniform() < loss;
    }
    const double begin = loss / network_.burst / (1 - loss);  // Gilbert's model
    bursting_ = bursting_ ? random_.uniform() >= 1 / network_.burst : random_.uniform() < begin;
    return bursting_;
  }

 private:
  double exponential(double mean) { return -mean * std::log(1 - random_.uniform()); }
  double stall_ms(double sent_ms, double chance, double least, double spread) {
    if (random_.uniform() < chance) {
      stalled_until_ms_ = sent_ms + least + random_.uniform() * spread;
    }
    return stalled_until_ms_ - sent_ms;
  }

  const Network& network_;
  Random random_;
  double stalled_until_ms_ = -1;
  bool bursting_ = false;
};

}  // namespace

std::vector<Arrival> travel(const Network& network, int packets, std::uint64_t seed) {
  using Delay = Network::Delay;
  const bool pauses = network.delay == Delay::pauses || network.delay == Delay::pauses_standing;
  Path path{network, seed};
  std::vector<Arrival> arrivals;
  double last_ms = 0;
  for (int packet = 0; packet < packets; ++packet) {
    const double paused_ms = pauses ? packet / packets_between_pauses * pause_ms : 0;
    const double sent_ms = (packet + 1) * network_frame_ms * (1 + network.ppm * 1e-6) + paused_ms;
    double at_ms = sent_ms + base_delay_ms + path.delay_ms(packet, sent_ms);
    if (network.delay != Delay::uniform) {
      at_ms = std::max(at_ms, last_ms);
    }
    last_ms = at_ms;
    if (!path.loses()) {
      arrivals.push_back({.packet = packet,
                          .at_ms = at_ms,
                          .timestamp_ms = network.delay == Delay::pauses ? paused_ms : 0});
    }
  }
  std::ranges::stable_sort(arrivals, {}, &Arrival::at_ms);
  return arrivals;
}

std::span<const Network> networks() {
  using Delay = Network::Delay;
  static constexpr std::array all{
      Network{.name = "clean"},
      Network{.name = "abs N(0,5) + 1 %", .delay = Delay::normal, .amount = 5, .loss_percent = 1},
      Network{.name = "abs N(0,20) + 1 %", .delay = Delay::normal, .amount = 20, .loss_percent = 1},
      Network{.name = "uniform 0-60, reorders", .delay = Delay::uniform, .amount = 60},
      Network{.name = "wifi stalls + 1 %", .delay = Delay::wifi, .loss_percent = 1},
      Network{.name = "lte + 2 %", .delay = Delay::lte, .loss_percent = 2},
      Network{.name = "+120 ms for 10 s", .delay = Delay::step},
      Network{.name = "bundles of 6", .delay = Delay::bundles},
      Network{.name = "pauses, timestamps go on", .delay = Delay::pauses},
      Network{.name = "pauses, they stand", .delay = Delay::pauses_standing},
      Network{.name = "5 % in bursts of 3", .loss_percent = 5, .burst = 3},
      Network{.name = "10 %", .loss_percent = 10},
      Network{.name = "+300 ppm", .ppm = 300},
      Network{.name = "-300 ppm", .ppm = -300},
  };
  return all;
}

}  // namespace offhook::bench
