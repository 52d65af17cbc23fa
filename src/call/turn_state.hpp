#pragma once

#include <chrono>

#include "openai/realtime_event.hpp"

namespace offhook::call {

/// Whose turn it is, read from sideband events. No I/O: feed it every event with its time.
class TurnState {
 public:
  using Clock = std::chrono::steady_clock;

  void on_event(const openai::RealtimeEvent& event, Clock::time_point now);

  /// The opening line has been played to its end, or was interrupted.
  [[nodiscard]] bool greeting_over() const noexcept { return greeting_over_; }
  /// The model is neither generating nor playing, and the caller is not speaking.
  [[nodiscard]] bool idle() const noexcept {
    return !generating_ && !playing_ && !caller_speaking_;
  }
  /// When anybody last began or stopped doing anything.
  [[nodiscard]] Clock::time_point last_activity() const noexcept { return last_activity_; }

 private:
  bool generating_ = false;
  bool playing_ = false;
  bool caller_speaking_ = false;
  bool greeting_over_ = false;
  Clock::time_point last_activity_{};
};

}  // namespace offhook::call
