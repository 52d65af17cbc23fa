#pragma once

#include <deque>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/dialogue/call_limiter.hpp"
#include "agent/dialogue/conversation_repair.hpp"
#include "agent/dialogue/dialogue.hpp"
#include "agent/dialogue/function_calls.hpp"
#include "agent/dialogue/keypad.hpp"
#include "agent/dialogue/response_queue.hpp"
#include "agent/dialogue/server_tools.hpp"

namespace offhook::agent {

/// The Realtime API's Dialogue (docs/openai-behaviour.md 5 to 7): joins the machines beside it.
class RealtimeDialogue final : public Dialogue {
 public:
  RealtimeDialogue(const AgentProfile& profile, DialogueOptions options);

  void begin(Moment moment, bool again) override;
  void greet(Moment moment) override;
  void on_attached(bool gap, Moment moment) override;
  void on_detached(Moment moment) override;
  void on_gap(const SidebandGap& gap) override { transcript_.on_gap(gap); }
  void on_event(const openai::SidebandEvent& told, Moment moment) override;
  void on_time(Moment moment) override;
  [[nodiscard]] std::optional<Time> deadline() const override;
  void tool_finished(std::string function_call_id, std::string output, Moment moment) override;
  void adopt(ToolCall call, Moment moment) override;
  void say(std::string words, Moment moment) override;
  void instruct(std::string text, Moment moment) override;
  void say_goodbye(std::string words, std::string reason, Moment moment) override;
  void play(std::string pcm_24khz, Moment moment) override;
  [[nodiscard]] bool press(const std::string&, std::string_view, Moment) override { return false; }

  [[nodiscard]] std::vector<Effect> take_effects() override;
  [[nodiscard]] const Usage& usage() const noexcept override { return usage_; }
  [[nodiscard]] const Transcript& transcript() const noexcept override { return transcript_; }
  [[nodiscard]] const TurnState& turns() const noexcept override { return turns_; }

 private:
  /// An output that the API has not shown yet.
  struct Unconfirmed {
    std::string function_call_id;
    std::string item_id;
    std::string event;
    bool respond = false;  ///< If it proves to be new, the model is to go on.
    bool goes_on = false;  ///< The model is to go on after it.
  };

  void on_response(const openai::RealtimeResponse& response, Moment moment);
  void on_error(const openai::RealtimeError& error);
  /// @return whether the model is still to be asked to go on.
  bool confirm(std::string_view item_id);
  /// Hands on what the machines want. After everything that was fed to them.
  void collect(Moment moment);
  void obey(FunctionAction action, Moment moment);
  void obey(CallLimiter::Step step, Moment moment);
  void give(AnswerCalls answer, Moment moment);
  void send(std::string event, bool survives_gap = false);
  void tell(std::string text, std::string_view role);

  const AgentProfile& profile_;
  ResponseQueue queue_;
  FunctionCalls calls_;
  Keypad keypad_;
  CallLimiter limiter_;
  ConversationRepair repair_;
  Transcript transcript_;
  TurnState turns_;
  ServerTools server_tools_;
  Usage usage_;
  std::deque<Unconfirmed> unconfirmed_;
  std::set<std::string, std::less<>> adopted_;  ///< Function calls of an earlier process.
  std::vector<Effect> effects_;
};

}  // namespace offhook::agent
