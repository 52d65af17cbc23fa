#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "agent/conversation.hpp"
#include "agent/transcript.hpp"

namespace offhook::serve {

/// A running conversation, as the desk sees it: `agent::Conversation`, or a test's own.
class CallConversation {
 public:
  CallConversation() = default;
  CallConversation(const CallConversation&) = delete;
  CallConversation& operator=(const CallConversation&) = delete;
  virtual ~CallConversation() = default;

  [[nodiscard]] virtual boost::asio::awaitable<agent::ConversationResult> run() = 0;
  [[nodiscard]] virtual boost::asio::awaitable<agent::ConversationResult> resume() = 0;
  virtual void say(std::string words) = 0;
  virtual void instruct(std::string text) = 0;
  virtual void hang_up(std::string reason) = 0;
  virtual void say_goodbye(std::string words, std::string reason) = 0;
  virtual void transfer(std::string target_uri) = 0;
  virtual void play(std::string pcm_24khz) = 0;
  virtual void release() = 0;
};

/// One line of a transcript, final.
using Said = agent::TranscriptLine;

/// What a conversation is given, and whom it tells. All callbacks on the desk's executor.
struct ConversationOrder {
  agent::AgentProfile profile;
  agent::PendingCall call;
  Timeline& timeline;
  agent::ToolLedger& ledger;
  std::function<void(std::string_view direction, std::string_view json, double at_ms)> on_message;
  std::function<void(const Said&)> on_said;
  std::function<void(const agent::Usage&)> on_usage;
};
using MakeConversation = std::function<std::unique_ptr<CallConversation>(ConversationOrder)>;

/// Refuses a pending call of either API over REST.
using RejectCall =
    std::function<boost::asio::awaitable<Result<>>(agent::Api api, std::string id, int sip_status)>;
/// Ends a call that nobody can take up, over REST.
using HangUpCall = std::function<boost::asio::awaitable<Result<>>(agent::Api api, std::string id)>;

}  // namespace offhook::serve
