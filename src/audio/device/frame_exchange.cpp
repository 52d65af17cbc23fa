#include "audio/device/frame_exchange.hpp"

namespace offhook::audio {

void FrameExchange::exchange(const Frame& received, Frame& to_send) noexcept {
  running_.store(true, std::memory_order_relaxed);
  to_play_.push(received);
  take(to_send_, to_send);
}

void FrameExchange::captured(const Frame& frame) noexcept {
  if (running_.load(std::memory_order_relaxed)) {
    to_send_.push(frame);
  }
}

void FrameExchange::next_to_play(Frame& frame) noexcept {
  if (!take(to_play_, frame)) {
    frame.silence(rate_);
  }
}

bool FrameExchange::take(SpscRing<Frame>& ring, Frame& frame) noexcept {
  // Dropping down to half leaves the next drop far away: one gap instead of many.
  if (ring.size() > most_queued) {
    while (ring.size() > most_queued / 2) {
      ring.pop(frame);
    }
  }
  return ring.pop(frame);
}

}  // namespace offhook::audio
