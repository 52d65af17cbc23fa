#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace offhook::bench {

/// Reads off by how much one sound lags behind another, place by place.
class DelayTrack {
 public:
  /// @param said  The original, at `rate_hz`, a multiple of 4000.
  DelayTrack(std::span<const std::int16_t> said, int rate_hz);

  /// @param heard   A piece of what came out, at the same rate: 250 ms or so.
  /// @param at_ms   When its first sample was heard.
  /// @return the lag in ms from 0 to 700; nothing in pauses and where nothing fits.
  [[nodiscard]] std::optional<double> lag_ms(std::span<const std::int16_t> heard,
                                             double at_ms) const;

 private:
  int factor_;
  std::vector<float> said_;  ///< At 4 kHz.
};

}  // namespace offhook::bench
