#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <vector>

#include "media/media_stream.hpp"

namespace offhook::media {

/// When each stream's next 20 ms begin. Streams are spread over 16 slots of 1.25 ms, so that a
/// thread with many of them sends evenly. Times are absolute: lateness does not add up. No I/O.
class Wheel {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::duration period = std::chrono::milliseconds{20};
  static constexpr std::size_t slots = 16;
  /// Frames sent at once after a late wake-up; what is beyond is skipped.
  static constexpr int max_catch_up = 3;

  explicit Wheel(Clock::time_point epoch) : epoch_{epoch} {}

  /// Puts a stream into the emptiest slot.
  void add(MediaStream& stream, Clock::time_point now);
  void remove(const MediaStream& stream);
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  /// When the next stream is due; only when not empty.
  [[nodiscard]] Clock::time_point next_due() const noexcept { return entries_.front().due; }
  /// Calls `tick` of every stream that is due at `now`. Does not allocate.
  void run(Clock::time_point now) noexcept;

 private:
  struct Entry {
    Clock::time_point due;
    MediaStream* stream;
    std::size_t slot;
  };
  static bool later(const Entry& a, const Entry& b) noexcept { return a.due > b.due; }

  Clock::time_point epoch_;
  std::vector<Entry> entries_{};  ///< A heap with the earliest in front.
  std::array<std::size_t, slots> load_{};
};

}  // namespace offhook::media
