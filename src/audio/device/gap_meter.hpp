#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "audio/device/audio_device.hpp"

namespace offhook::audio {

/// Tells by the clock of a sound server whether it had sound between two pieces that it handed
/// over. One thread; neither waits nor allocates.
class GapMeter {
 public:
  /// @param ticks      Of the server's clock at this piece; may begin anywhere.
  /// @param ticks_hz   How fast that clock runs.
  /// @param samples    At `device_rate_hz`, 0 where the server had no piece for this turn.
  /// @return true when half a block or more lies between the end of the piece before and this one.
  [[nodiscard]] bool is_gap(std::uint64_t ticks, double ticks_hz, std::size_t samples) noexcept {
    bool gap = false;
    if (before_ && ticks >= before_->ticks) {
      const double passed = static_cast<double>(ticks - before_->ticks) / ticks_hz * device_rate_hz;
      const auto handed_over = static_cast<double>(before_->samples);
      gap = passed - handed_over >= static_cast<double>(device_block_samples) / 2;
    }
    before_ = Piece{.ticks = ticks, .samples = samples};
    return gap;
  }
  /// The next piece comes from another clock, or after silence that was told of.
  void restart() noexcept { before_.reset(); }

 private:
  struct Piece {
    std::uint64_t ticks = 0;
    std::size_t samples = 0;
  };
  std::optional<Piece> before_{};
};

}  // namespace offhook::audio
