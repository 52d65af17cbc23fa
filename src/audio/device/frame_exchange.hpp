#pragma once

#include <atomic>

#include "audio/frame.hpp"
#include "base/spsc_ring.hpp"

namespace offhook::audio {

/// Carries frames between a media thread and the two threads of a sound device, whose clocks
/// differ.
///
/// Each direction holds at most `most_queued` frames: what a faster clock piles up beyond that is
/// dropped, what a slower one leaves missing is silence. Nothing blocks, locks or allocates.
class FrameExchange {
 public:
  static constexpr std::size_t most_queued = 4;  // 80 ms

  explicit FrameExchange(int rate_hz) : rate_{rate_hz} {}

  /// Media thread. `to_send` is left alone when nothing was captured.
  void exchange(const Frame& received, Frame& to_send) noexcept;

  /// Capture thread: hands over what the microphone heard. Nothing is kept before the first
  /// `exchange`, so that a call does not begin with old sound.
  void captured(const Frame& frame) noexcept;

  /// Playback thread: what the loudspeaker is to play next, else silence.
  void next_to_play(Frame& frame) noexcept;

 private:
  /// Takes the oldest frame, or a younger one when too many wait.
  static bool take(SpscRing<Frame>& ring, Frame& frame) noexcept;

  int rate_;
  std::atomic<bool> running_{false};
  SpscRing<Frame> to_play_{2 * most_queued};
  SpscRing<Frame> to_send_{2 * most_queued};
};

}  // namespace offhook::audio
