#include "agent/conversation.hpp"

#include <utility>

#include "agent/conversation_impl.hpp"

namespace offhook::agent {

namespace asio = boost::asio;

std::string_view to_string(ConversationEnd end) noexcept {
  switch (end) {
    case ConversationEnd::caller_gone: return "caller_gone";
    case ConversationEnd::hung_up: return "hung_up";
    case ConversationEnd::transferred: return "transferred";
    case ConversationEnd::not_accepted: return "not_accepted";
    case ConversationEnd::decided_elsewhere: return "decided_elsewhere";
    case ConversationEnd::sideband_lost: return "sideband_lost";
    case ConversationEnd::not_reached: return "not_reached";
    case ConversationEnd::released: return "released";
  }
  return "unknown";
}

openai::ApiClient::OnRetry retry_marks(Timeline& timeline) {
  return [&timeline](std::string_view operation, const Error& why,
                     std::chrono::milliseconds delay) {
    timeline.mark("rest", "retry",
                  {{"operation", operation}, {"error", why.detail}, {"delay_ms", delay.count()}});
  };
}

Conversation::Conversation(ConversationServices services, AgentProfile profile, PendingCall call)
    : impl_{std::make_shared<Impl>(std::move(services), std::move(profile), std::move(call))} {}

Conversation::~Conversation() = default;

asio::awaitable<ConversationResult> Conversation::run() { return impl_->run(); }
asio::awaitable<ConversationResult> Conversation::resume() { return impl_->resume(); }
asio::awaitable<void> Conversation::close() { return impl_->close(); }

void Conversation::say(std::string words) { impl_->say(std::move(words)); }
void Conversation::instruct(std::string text) { impl_->instruct(std::move(text)); }
void Conversation::hang_up(std::string reason) { impl_->hang_up(std::move(reason)); }
void Conversation::say_goodbye(std::string words, std::string reason) {
  impl_->say_goodbye(std::move(words), std::move(reason));
}
void Conversation::transfer(std::string target_uri) { impl_->transfer(std::move(target_uri)); }
void Conversation::play(std::string pcm_24khz) { impl_->play(std::move(pcm_24khz)); }
void Conversation::release() { impl_->end(ConversationEnd::released, "released"); }
void Conversation::call_is_over() { impl_->end(ConversationEnd::caller_gone, "the call is over"); }

const PendingCall& Conversation::call() const noexcept { return impl_->call(); }
const AgentProfile& Conversation::profile() const noexcept { return impl_->profile(); }
const Transcript& Conversation::transcript() const noexcept {
  return impl_->dialogue().transcript();
}
const TurnState& Conversation::turns() const noexcept { return impl_->dialogue().turns(); }
const Usage& Conversation::usage() const noexcept { return impl_->dialogue().usage(); }
bool Conversation::tools_running() const noexcept { return impl_->tools_running(); }
bool Conversation::may_be_accepted() const noexcept { return impl_->may_be_accepted(); }
std::optional<Timeline::Clock::time_point> Conversation::accepted_at() const noexcept {
  return impl_->accepted_at();
}
std::uint64_t Conversation::malformed_events() const noexcept { return impl_->malformed_events(); }

}  // namespace offhook::agent
