#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "agent/profile.hpp"
#include "agent/tool.hpp"
#include "agent/transcript.hpp"
#include "agent/turn_state.hpp"
#include "agent/usage.hpp"
#include "base/error.hpp"
#include "base/timeline.hpp"
#include "openai/api_client.hpp"
#include "openai/provider.hpp"
#include "openai/webhook.hpp"

namespace offhook::agent {

/// The pending call that a conversation takes.
struct PendingCall {
  Api api = Api::realtime;
  std::string id;  ///< `call_id` or `session_id`.
  std::vector<openai::SipHeaderField> sip_headers;
  std::string media_security;
  // With `resume`: what an earlier process has seen of it.
  Usage used{};
  std::chrono::seconds age{0};  ///< Since the accept.
  /// We placed it (Live): there is nothing to accept, and the opening waits for the answer. With
  /// `resume`: an earlier process did, and may have seen the answer.
  bool placed = false;
  /// With `run`: an earlier process of ours may have accepted it, but had no time to greet. When it
  /// turns out that it did, we attach as `resume` does, and greet.
  bool accept_in_doubt = false;
};

/// Why a conversation ended.
enum class ConversationEnd : std::uint8_t {
  caller_gone,        ///< The call is over at the other side (BYE, or unknown to the API by now).
  hung_up,            ///< By the model, the control API or a limit; see `reason`.
  transferred,        ///< REFER was accepted and the call is gone.
  not_accepted,       ///< Accept failed, or nobody answered it.
  decided_elsewhere,  ///< Another handler had decided this call.
  sideband_lost,      ///< Could not be attached (again) although the call may live.
  not_reached,        ///< A call that we placed failed before it was answered; see `reason`.
  released,           ///< Let go on purpose, call still up, for another process to take over.
};
[[nodiscard]] std::string_view to_string(ConversationEnd end) noexcept;

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
  /// PCM16LE mono at 24 kHz, at most 30 s: `hold_sound` of the profile, decoded. Null: none.
  std::shared_ptr<const std::string> hold_sound{};
  /// Finished lines that `transcript` keeps; 0: all. The observer is told every one.
  std::size_t lines_kept = 32;
  /// How long a lost sideband is tried again before the conversation is given up.
  std::chrono::milliseconds reattach_patience{60'000};
};

/// Marks every retry of a REST request. @param timeline  Must outlive it.
[[nodiscard]] openai::ApiClient::OnRetry retry_marks(Timeline& timeline);

struct ConversationResult {
  ConversationEnd end = ConversationEnd::caller_gone;
  std::string reason;
  Usage usage;
  Error error{};  ///< With `not_accepted`, `decided_elsewhere` and `sideband_lost`.
  /// The call may be up although nobody looks after it any more: hang it up. It is unknown whether
  /// the accept was carried out, or the API never let us attach, or not any more.
  bool may_be_up = false;
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

  void say(std::string words);       ///< A response with these instructions.
  void instruct(std::string text);   ///< Changes what the model knows, without a response.
  void hang_up(std::string reason);  ///< Over REST, at once.
  /// `say`, and hangs up once it has been played.
  void say_goodbye(std::string words, std::string reason = "goodbye");
  void transfer(std::string target_uri);
  void play(std::string pcm_24khz);  ///< Live only: PCM16LE mono at 24 kHz, at most 30 s.
  void release();                    ///< Ends `run` with `released`; the call goes on.
  /// The caller was seen to be gone, for instance by BYE: nothing is attached again.
  void call_is_over();

  /// Closes the sideband of a `run` that was cancelled. The call goes on.
  boost::asio::awaitable<void> close();

  [[nodiscard]] const PendingCall& call() const noexcept;
  [[nodiscard]] const AgentProfile& profile() const noexcept;
  [[nodiscard]] const Transcript& transcript() const noexcept;
  [[nodiscard]] const TurnState& turns() const noexcept;
  [[nodiscard]] const Usage& usage() const noexcept;
  /// A tool is at work, or its result is being recorded.
  [[nodiscard]] bool tools_running() const noexcept;
  /// The accept was sent and not refused: the call may be up, although nobody has seen the answer.
  [[nodiscard]] bool may_be_accepted() const noexcept;
  /// When the accept was answered, if it was.
  [[nodiscard]] std::optional<Timeline::Clock::time_point> accepted_at() const noexcept;
  /// Sideband messages that were no events, or too large to be any, over all attachments.
  [[nodiscard]] std::uint64_t malformed_events() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace offhook::agent
