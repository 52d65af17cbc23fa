#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "agent/dialogue/call_limiter.hpp"
#include "agent/dialogue/dialogue.hpp"
#include "agent/dialogue/function_calls.hpp"
#include "agent/dialogue/keypad.hpp"
#include "agent/dialogue/live_farewell.hpp"
#include "openai/live_event.hpp"

namespace offhook::agent {

/// The Live API's Dialogue (docs/openai-behaviour.md 10). There are no responses to wait for: what
/// the model is to know or say is appended to its context.
///
/// A delegation to the client runs the tool named `delegate`, with the delegation's id and the
/// latest lines of the transcript; what it returns is told as commentary of that delegation. With
/// Responses delegation, that model's function calls are run and answered as Realtime's are.
///
/// A socket that attaches is told the last three seconds again: events are known by their ids.
class LiveDialogue final : public Dialogue {
 public:
  LiveDialogue(const AgentProfile& profile, DialogueOptions options);

  void begin(Moment moment, bool again) override;
  void greet(Moment moment) override;
  void on_attached(bool gap, Moment moment) override;
  void on_detached(Moment moment) override;
  void on_gap(const SidebandGap& gap) override { transcript_.on_gap(gap); }
  void on_event(const openai::SidebandEvent& event, Moment moment) override;
  void on_time(Moment moment) override;
  [[nodiscard]] std::optional<Time> deadline() const override;
  void tool_finished(std::string function_call_id, std::string output, Moment moment) override;
  void adopt(ToolCall call, Moment moment) override;
  void say(std::string words, Moment moment) override;
  void instruct(std::string text, Moment moment) override;
  void say_goodbye(std::string words, std::string reason, Moment moment) override;
  void play(std::string pcm_24khz, Moment moment) override;
  [[nodiscard]] bool press(const std::string& function_call_id,
                           std::string_view keys,
                           Moment moment) override;

  [[nodiscard]] std::vector<Effect> take_effects() override;
  [[nodiscard]] const Usage& usage() const noexcept override { return usage_; }
  [[nodiscard]] const Transcript& transcript() const noexcept override { return transcript_; }
  [[nodiscard]] const TurnState& turns() const noexcept override { return turns_; }

 private:
  /// A key to press, or (0) a pause.
  struct KeyOut {
    char digit = 0;
    std::string last_of{};  ///< The function call that it completes.
  };

  void on(const openai::LiveOther&, Moment) {}
  void on(const openai::LiveSessionState&, Moment) {}
  void on(const openai::LiveTranscriptDelta& delta, Moment moment);
  void on(const openai::LiveDelegation& delegation, Moment moment);
  void on(const openai::LiveResponseEvent& response, Moment moment);
  void on(const openai::LiveDigit& digit, Moment moment);
  void on(const openai::LiveTransport& transport, Moment moment);
  void on(const openai::LiveFixture& fixture, Moment moment);
  void on(const openai::LiveUsage& usage, Moment moment);
  void on(const openai::LiveClosed& closed, Moment moment);
  void on(const openai::LiveError& error, Moment moment);

  [[nodiscard]] bool repeated(const openai::SidebandEvent& event);
  void answered(Moment moment);
  void collect(Moment moment);
  void obey(FunctionAction action, Moment moment);
  void answer(AnswerCalls answer);
  void press_due(Moment moment);
  void play_fixture(std::string_view pcm_24khz);
  void end_fixture();
  void append(openai::LiveContext context,
              std::string_view text,
              std::string_view delegation = {},
              std::string output_of = {});
  void send(std::string event, std::string output_of = {});

  const AgentProfile& profile_;
  FunctionCalls calls_;
  Keypad keypad_;
  CallLimiter limiter_;
  LiveFarewell farewell_;
  Transcript transcript_;
  TurnState turns_;
  Usage usage_;
  std::shared_ptr<const std::string> hold_sound_;
  bool unanswered_;                      ///< We placed the call, and nobody has answered yet.
  bool perhaps_unanswered_ = false;      ///< An earlier process did, and only it would know.
  std::deque<std::size_t> seen_;         ///< Hashes of the latest event ids.
  std::deque<std::string> delegations_;  ///< Handed to us and not answered yet.
  std::vector<openai::ConversationItem>
      collected_;         ///< Function calls of the response that is written.
  bool fixture_ = false;  ///< Is being played: nothing can be appended.
  std::deque<SendEvent> after_fixture_;
  std::deque<KeyOut> keys_;
  std::optional<Time> next_key_;
  std::optional<Time> pause_check_;  ///< A line of the transcript may be over by then.
  std::vector<Effect> effects_;
};

}  // namespace offhook::agent
