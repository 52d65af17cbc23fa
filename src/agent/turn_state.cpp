#include "agent/turn_state.hpp"

#include "base/json.hpp"

namespace offhook::agent {

void TurnState::on_event(const openai::RealtimeEvent& event, Clock::time_point now) {
  const std::string& type = event.type;
  if (type == "response.created") {
    generating_ = true;
  } else if (type == "response.done") {
    generating_ = false;
    const boost::json::value body = event.body;
    const std::string_view status = json_string(body, "response.status", "completed");
    greeting_over_ = greeting_over_ || (status != "completed" && !playing_);
  } else if (type == "output_audio_buffer.started") {
    playing_ = true;
  } else if (type == "output_audio_buffer.stopped" || type == "output_audio_buffer.cleared") {
    playing_ = false;
    greeting_over_ = true;
  } else if (type == "input_audio_buffer.speech_started") {
    caller_speaking_ = true;
  } else if (type == "input_audio_buffer.speech_stopped") {
    caller_speaking_ = false;
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
