#include "agent/turn_state.hpp"

#include <variant>

namespace offhook::agent {

void TurnState::on_event(const openai::RealtimeEvent& event, Clock::time_point now) {
  using Playback = openai::RealtimePlayback::Step;
  if (const auto* const response = std::get_if<openai::RealtimeResponse>(&event)) {
    generating_ = !response->done;
    const bool failed = response->done && response->status != "completed";
    greeting_over_ = greeting_over_ || (failed && !playing_);
  } else if (const auto* const playback = std::get_if<openai::RealtimePlayback>(&event)) {
    playing_ = playback->step == Playback::started;
    greeting_over_ = greeting_over_ || !playing_;
  } else if (const auto* const speech = std::get_if<openai::RealtimeSpeech>(&event)) {
    caller_speaking_ = speech->started;
  } else {
    return;
  }
  last_activity_ = now;
}

void TurnState::on_live_words(bool model, Clock::time_point now) noexcept {
  greeting_over_ = greeting_over_ || model;
  last_activity_ = now;
}

void TurnState::on_live_thinking(bool thinking, Clock::time_point now) noexcept {
  generating_ = thinking;
  last_activity_ = now;
}

void TurnState::on_gap() noexcept {
  generating_ = false;
  playing_ = false;
  caller_speaking_ = false;
  had_gap_ = true;
}

}  // namespace offhook::agent
