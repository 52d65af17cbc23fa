#pragma once

#include <chrono>

#include "openai/realtime_event.hpp"

namespace offhook::agent {

/// Whose turn it is, read from sideband events. No I/O: feed it every event with its time.
class TurnState {
 public:
  using Clock = std::chrono::steady_clock;

  void on_event(const openai::RealtimeEvent& event, Clock::time_point now);

  // The same for Live, which tells no turns. The model speaks, or its caller does:
  void on_live_words(bool model, Clock::time_point now) noexcept;
  /// Another model works out what it is to say, or is done.
  void on_live_thinking(bool thinking, Clock::time_point now) noexcept;

  /// The sideband was away: what happened meanwhile is not known, only that it is over or will be
  /// told again.
  void on_gap() noexcept;

  /// The opening line has been played to its end, was interrupted, or failed. Live: it has begun.
  [[nodiscard]] bool greeting_over() const noexcept { return greeting_over_; }
  /// The model is neither generating nor playing, and the caller is not speaking.
  [[nodiscard]] bool idle() const noexcept {
    return !generating_ && !playing_ && !caller_speaking_;
  }
  /// Events were missed at some time, so that `greeting_over` may never become true.
  [[nodiscard]] bool had_gap() const noexcept { return had_gap_; }
  /// When anybody last began or stopped doing anything.
  [[nodiscard]] Clock::time_point last_activity() const noexcept { return last_activity_; }

 private:
  bool generating_ = false;
  bool playing_ = false;
  bool caller_speaking_ = false;
  bool greeting_over_ = false;
  bool had_gap_ = false;
  Clock::time_point last_activity_{};
};

}  // namespace offhook::agent
