#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace offhook::bench {

/// How one network treats a stream of packets.
struct Network {
  enum class Delay : std::uint8_t {
    none,     ///< Always `base_delay_ms`.
    normal,   ///< Plus |N(0, amount)| ms, in order.
    uniform,  ///< Plus 0 to `amount` ms, so that packets overtake one another.
    wifi,     ///< Exponential, mean 4 ms; every hundredth packet begins a stall of 80 to 200 ms.
    lte,      ///< Wanders by 50 ms within 25 s, with stalls of 60 to 260 ms.
    step,     ///< 120 ms more from 20 s to 30 s.
    bundles,  ///< The sender sends six packets at once, every 120 ms.
    pauses,   ///< The sender falls silent for 4 s after every 8 s; its timestamps go on.
    pauses_standing,  ///< The same; its timestamps stand still.
  };
  std::string_view name;
  Delay delay = Delay::none;
  double amount = 0;
  double loss_percent = 0;
  double burst = 0;  ///< Mean length of a burst of losses; 0: each packet for itself.
  double ppm = 0;    ///< How much slower the sender's clock runs.
};

inline constexpr double base_delay_ms = 40;

/// One packet that arrives.
struct Arrival {
  int packet = 0;           ///< Its number; it holds the 20 ms of sound from 20 * number on.
  double at_ms = 0;         ///< Its sound began at 0 ms for the first one.
  double timestamp_ms = 0;  ///< Beyond 20 * number: what the timestamps went on in pauses.
};

/// Sends `packets` through it. The same seed gives the same trace. @return by time of arrival.
[[nodiscard]] std::vector<Arrival> travel(const Network& network, int packets, std::uint64_t seed);

/// The networks of the table, by name in its order.
[[nodiscard]] std::span<const Network> networks();

}  // namespace offhook::bench
