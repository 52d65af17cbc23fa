#pragma once

#include <chrono>
#include <optional>

#include "base/spsc_ring.hpp"
#include "media/engine.hpp"

namespace offhook::media {

/// Where the media thread tells and the owner listens. When the owner does not listen, the newest
/// events are dropped.
class EventSink {
 public:
  using Clock = std::chrono::steady_clock;

  void tell(StreamEvent::Kind kind, Clock::time_point at, char digit = 0) noexcept {
    ring_.push(StreamEvent{.kind = kind, .digit = digit, .at = at});
  }
  void tell(Trouble why, std::uint64_t count, Clock::time_point at) noexcept {
    ring_.push(
        StreamEvent{.kind = StreamEvent::Kind::trouble, .at = at, .why = why, .count = count});
  }
  [[nodiscard]] std::optional<StreamEvent> next() noexcept {
    StreamEvent event;
    return ring_.pop(event) ? std::optional{event} : std::nullopt;
  }

 private:
  SpscRing<StreamEvent> ring_{64};
};

}  // namespace offhook::media
