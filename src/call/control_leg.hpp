#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "agent/conversation.hpp"
#include "agent/tools/memory_ledger.hpp"
#include "base/timeline.hpp"
#include "call/call_options.hpp"
#include "call/call_result.hpp"
#include "call/incoming_calls.hpp"
#include "openai/provider.hpp"

namespace offhook::call {

/// The controller's half of one call: waits for its webhook and lets an agent::Conversation do the
/// rest. Control thread only.
class ControlLeg {
 public:
  /// Told every sideband event, both ways, with its time: `--events` keeps them.
  using OnSidebandEvent =
      std::function<void(std::string_view direction, std::string_view json, double at_ms)>;

  ControlLeg(boost::asio::any_io_executor control,
             IncomingCalls& incoming,
             openai::Provider provider,
             Timeline& timeline,
             AgentOptions options,
             std::string call_header_id,
             OnSidebandEvent on_sideband_event);
  ~ControlLeg();
  ControlLeg(const ControlLeg&) = delete;
  ControlLeg& operator=(const ControlLeg&) = delete;

  /// Waits for the call's webhook, accepts, attaches, greets, and then follows the conversation
  /// until something fails for good. An ordinary end is the business of the phone: OpenAI drops the
  /// sideband without a word (docs/openai-behaviour.md 7.10).
  [[nodiscard]] boost::asio::awaitable<Ending> run();

  /// Ends the call over REST when `hang_up` says that SIP could not, and closes the socket.
  boost::asio::awaitable<void> part(bool hang_up);

  /// When the accept was answered, if it was.
  [[nodiscard]] std::optional<Timeline::Clock::time_point> accepted_at() const noexcept;
  /// Sideband messages that were no events, over all attachments.
  [[nodiscard]] std::uint64_t malformed_events() const noexcept;
  /// `call_id` or `session_id`, once it is known.
  [[nodiscard]] const std::string& call_id() const noexcept { return call_id_; }
  [[nodiscard]] agent::Api api() const noexcept { return profile_.api; }
  [[nodiscard]] const agent::TurnState& turns() const noexcept;
  /// The model waits for a tool, and will speak after it.
  [[nodiscard]] bool tools_running() const noexcept;
  [[nodiscard]] std::vector<agent::TranscriptLine> transcript() const;

 private:
  [[nodiscard]] boost::asio::awaitable<Result<agent::PendingCall>> wait_for_webhook();
  [[nodiscard]] boost::asio::awaitable<Result<>> hang_up_over_rest();
  [[nodiscard]] boost::asio::awaitable<Ending> wait_for_phone(Ending otherwise);
  [[nodiscard]] agent::ConversationServices services();

  boost::asio::any_io_executor control_;
  IncomingCalls& incoming_;
  openai::Provider provider_;
  Timeline& timeline_;
  AgentOptions options_;
  agent::AgentProfile profile_;
  std::string call_header_id_;
  OnSidebandEvent on_sideband_event_;

  agent::MemoryLedger ledger_;
  agent::TurnState nothing_yet_;
  std::unique_ptr<agent::Conversation> conversation_;  ///< Once the webhook came.
  std::string call_id_;
};

/// What `offhook call` was told about the model, as a conversation has it.
[[nodiscard]] agent::AgentProfile profile_of(const AgentOptions& options);

}  // namespace offhook::call
