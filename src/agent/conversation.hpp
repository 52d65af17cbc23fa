#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "agent/profile.hpp"
#include "agent/tool.hpp"
#include "base/error.hpp"
#include "base/timeline.hpp"
#include "openai/provider.hpp"
#include "openai/webhook.hpp"

namespace offhook::agent {

/// The pending call that a conversation takes.
struct PendingCall {
  Api api = Api::realtime;
  std::string id;  ///< `call_id` or `session_id`.
  std::vector<openai::SipHeaderField> sip_headers;
  std::string media_security;
};

/// Why a conversation ended.
enum class ConversationEnd : std::uint8_t {
  caller_gone,        ///< The call is over at the other side (BYE, or unknown to the API by now).
  hung_up,            ///< By the model, the control API or a limit; see `reason`.
  transferred,        ///< REFER was accepted and the call is gone.
  not_accepted,       ///< Accept failed; nothing was spent.
  decided_elsewhere,  ///< Another handler had decided this call.
  sideband_lost,      ///< Could not be attached (again) although the call may live.
  released,           ///< Let go on purpose, call still up, for another process to take over.
};
[[nodiscard]] std::string_view to_string(ConversationEnd end) noexcept;

/// Tokens (Realtime) or seconds (Live) that a call has used.
struct Usage {
  std::uint64_t input_text_tokens = 0;
  std::uint64_t input_audio_tokens = 0;
  std::uint64_t cached_tokens = 0;
  std::uint64_t output_text_tokens = 0;
  std::uint64_t output_audio_tokens = 0;
  double live_seconds = 0;
  [[nodiscard]] std::uint64_t tokens() const noexcept {
    return input_text_tokens + input_audio_tokens + output_text_tokens + output_audio_tokens;
  }
};

struct TranscriptLine;  // agent/transcript.hpp

/// What a conversation tells while it runs. All on its executor; none may throw.
struct ConversationObserver {
  /// Every sideband message, both ways, as it is on the wire.
  std::function<void(std::string_view direction, std::string_view json, double at_ms)> on_message{};
  std::function<void(const TranscriptLine&)> on_transcript{};
  std::function<void(const Usage&)> on_usage{};
};

struct ConversationServices {
  boost::asio::any_io_executor executor;
  openai::Provider provider;
  Timeline& timeline;
  ToolLedger& ledger;
  /// Makes the tool of a configuration. Called once per function call.
  std::function<Result<std::shared_ptr<Tool>>(const ToolConfig&)> make_tool;
  ConversationObserver observer{};
};

struct ConversationResult {
  ConversationEnd end = ConversationEnd::caller_gone;
  std::string reason;
  Usage usage;
};

/// One accepted call and its model, from accept to the end: REST, sideband, responses, tools,
/// keypad and limits, for both APIs. It knows nothing of SIP and sound.
///
/// Lives on one executor and must outlive its coroutines. The orders below may be given from any
/// coroutine of that executor while `run` or `resume` is running; they return at once, and are
/// done in the order in which they were given as soon as the state of the responses allows.
class Conversation {
 public:
  Conversation(ConversationServices services, AgentProfile profile, PendingCall call);
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  /// Accepts, attaches, greets, and follows the conversation to its end. Cancellable: lets go of
  /// the sideband without ending the call.
  [[nodiscard]] boost::asio::awaitable<ConversationResult> run();

  /// The same for a call that an earlier process had accepted: attaches without accept or
  /// greeting, marks the gap, and finds unanswered function calls again.
  [[nodiscard]] boost::asio::awaitable<ConversationResult> resume();

  void say(std::string words);          ///< A response with these instructions.
  void instruct(std::string text);      ///< Changes what the model knows, without a response.
  void hang_up(std::string reason);     ///< Over REST, at once.
  void say_goodbye(std::string words);  ///< `say`, and hangs up once it has been played.
  void transfer(std::string target_uri);
  void play(std::string pcm_24khz);  ///< Live only: PCM16LE mono at 24 kHz, at most 30 s.
  void release();                    ///< Ends `run` with `released`; the call goes on.

  [[nodiscard]] const PendingCall& call() const noexcept;
  [[nodiscard]] const AgentProfile& profile() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace offhook::agent
