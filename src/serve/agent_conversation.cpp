#include "serve/agent_conversation.hpp"

#include <utility>

#include "agent/transcript.hpp"

namespace offhook::serve {

namespace asio = boost::asio;

namespace {

class AgentConversation : public CallConversation {
 public:
  AgentConversation(agent::ConversationServices services,
                    agent::AgentProfile profile,
                    agent::PendingCall call)
      : conversation_{std::move(services), std::move(profile), std::move(call)} {}

  asio::awaitable<agent::ConversationResult> run() override { return conversation_.run(); }
  asio::awaitable<agent::ConversationResult> resume() override { return conversation_.resume(); }
  void say(std::string words) override { conversation_.say(std::move(words)); }
  void instruct(std::string text) override { conversation_.instruct(std::move(text)); }
  void hang_up(std::string reason) override { conversation_.hang_up(std::move(reason)); }
  void say_goodbye(std::string words, std::string reason) override {
    conversation_.say_goodbye(std::move(words), std::move(reason));
  }
  void transfer(std::string target_uri) override { conversation_.transfer(std::move(target_uri)); }
  void play(std::string pcm_24khz) override { conversation_.play(std::move(pcm_24khz)); }
  void release() override { conversation_.release(); }

 private:
  agent::Conversation conversation_;
};

}  // namespace

std::unique_ptr<CallConversation> make_agent_conversation(const asio::any_io_executor& executor,
                                                          const ServiceConfig& config,
                                                          ConversationOrder order) {
  agent::ConversationObserver observer;
  observer.on_message = std::move(order.on_message);
  observer.on_transcript = std::move(order.on_said);
  observer.on_usage = std::move(order.on_usage);
  agent::ConversationServices services{executor,     config.provider,  order.timeline,
                                       order.ledger, config.make_tool, std::move(observer)};
  if (const auto hold = config.hold_sounds.find(order.profile.name);
      hold != config.hold_sounds.end()) {
    services.hold_sound = hold->second;
  }
  return std::make_unique<AgentConversation>(std::move(services), std::move(order.profile),
                                             std::move(order.call));
}

}  // namespace offhook::serve
