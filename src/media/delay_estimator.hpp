#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace offhook::media {

/// Learns how late packets come, relative to the fastest ones of the last 10 s.
///
/// A packet's *transit* is its arrival minus its timestamp, both in µs: its absolute value means
/// nothing, because the peer's clock begins anywhere, but the differences are the network's delay
/// variation. The window forgets, so that a drift of the clocks (300 ppm: 3 ms in 10 s) and a
/// longer path are followed.
class DelayEstimator {
 public:
  /// Takes the transit of a packet.
  void add(std::int64_t transit_us) noexcept;
  /// Everything moves by `offset_us`: the peer's timestamps stood still for as long. What was
  /// learnt about variation stays.
  void shift(std::int64_t offset_us) noexcept;
  /// Forgets all.
  void clear() noexcept;

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// Transit of the fastest packet in the window.
  [[nodiscard]] std::int64_t base_us() const noexcept { return base_us_; }
  /// Lateness that all but the worst 0.8 % of packets keep, relative to `base_us`.
  [[nodiscard]] std::int64_t lateness_us() const noexcept { return lateness_us_; }

 private:
  void recompute() noexcept;

  static constexpr std::size_t window = 512;  // packets: 10 s
  std::array<std::int64_t, window> transits_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  std::size_t until_recompute_ = 0;
  std::int64_t base_us_ = 0;
  std::int64_t lateness_us_ = 0;
};

}  // namespace offhook::media
