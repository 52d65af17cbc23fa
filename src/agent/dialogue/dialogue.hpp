#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/dialogue/effects.hpp"
#include "agent/profile.hpp"
#include "agent/transcript.hpp"
#include "agent/turn_state.hpp"
#include "agent/usage.hpp"
#include "openai/sideband_event.hpp"

namespace offhook::agent {

/// When something happened, by both clocks that are used here.
struct Moment {
  std::chrono::steady_clock::time_point now{};
  double at_ms = 0;  ///< On the call's timeline.
};

/// What a model that hangs up is told to say before.
inline constexpr std::string_view short_goodbye = "Say goodbye in one short sentence.";

/// Moves `first` to `other` where that is earlier.
inline void earliest(std::optional<std::chrono::steady_clock::time_point>& first,
                     std::optional<std::chrono::steady_clock::time_point> other) {
  if (other && (!first || *other < *first)) {
    first = other;
  }
}

struct DialogueOptions {
  std::string call_id;
  Transcript::OnLine on_line{};
  std::size_t lines_kept = 0;  ///< Finished lines that stay in `transcript`; 0: all.
  Usage used{};                ///< By an earlier process, in the same call.
  /// PCM16LE mono at 24 kHz, played while a tool is slow (Live); null: none.
  std::shared_ptr<const std::string> hold_sound{};
  bool placed = false;  ///< By us (Live): limits and the opening wait for the answer.
};

/// What is said and done in one accepted call, without I/O: fed with the events of its sideband,
/// orders and the time, it says what to do. One kind per API.
///
/// One thread at a time. After every call, `take_effects` is to be obeyed in order; `on_time` is
/// called at `deadline` at the latest.
class Dialogue {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Dialogue() = default;
  Dialogue(const Dialogue&) = delete;
  Dialogue& operator=(const Dialogue&) = delete;
  virtual ~Dialogue() = default;

  /// The call was accepted: its limits count from that moment on, or from the answer if we placed
  /// it.
  /// @param again  By an earlier process: what that has seen of it is not known.
  virtual void begin(Moment moment, bool again) = 0;
  /// The opening line.
  virtual void greet(Moment moment) = 0;
  /// @param gap  Events may have been missed: repair what can be.
  virtual void on_attached(bool gap, Moment moment) = 0;
  virtual void on_detached(Moment moment) = 0;
  /// Events were missed, and with them words: tells the transcript.
  virtual void on_gap(const SidebandGap& gap) = 0;
  virtual void on_event(const openai::SidebandEvent& event, Moment moment) = 0;
  virtual void on_time(Moment moment) = 0;
  [[nodiscard]] virtual std::optional<Time> deadline() const = 0;

  /// After StartTool: what the model is told.
  virtual void tool_finished(std::string function_call_id, std::string output, Moment moment) = 0;
  /// A function call that an earlier process had left: `output` is what it returned, if it did.
  virtual void adopt(ToolCall call, Moment moment) = 0;

  virtual void say(std::string words, Moment moment) = 0;
  virtual void instruct(std::string text, Moment moment) = 0;
  virtual void say_goodbye(std::string words, std::string reason, Moment moment) = 0;
  virtual void play(std::string pcm_24khz, Moment moment) = 0;
  /// Presses keys (0-9, *, #, A-D; a comma is a pause), one after the other: the event of the last
  /// one says so (`SendEvent::last_key_of`).
  /// @return false: none is pressed, because too many are waiting, none was named, or the API has
  ///         none.
  [[nodiscard]] virtual bool press(const std::string& function_call_id,
                                   std::string_view keys,
                                   Moment moment) = 0;

  [[nodiscard]] virtual std::vector<Effect> take_effects() = 0;
  [[nodiscard]] virtual const Usage& usage() const noexcept = 0;
  [[nodiscard]] virtual const Transcript& transcript() const noexcept = 0;
  [[nodiscard]] virtual const TurnState& turns() const noexcept = 0;
};

/// @param profile  Must outlive the dialogue.
[[nodiscard]] std::unique_ptr<Dialogue> make_realtime_dialogue(const AgentProfile& profile,
                                                               DialogueOptions options);
[[nodiscard]] std::unique_ptr<Dialogue> make_live_dialogue(const AgentProfile& profile,
                                                           DialogueOptions options);

}  // namespace offhook::agent
