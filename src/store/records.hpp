#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace offhook::store {

/// Tokens (Realtime) or seconds (Live) that a call has used so far; totals, not differences.
struct Usage {
  std::int64_t input_text_tokens = 0;
  std::int64_t input_audio_tokens = 0;
  std::int64_t cached_tokens = 0;  ///< Of the input tokens.
  std::int64_t output_text_tokens = 0;
  std::int64_t output_audio_tokens = 0;
  double live_seconds = 0;  ///< As Live bills them.
  double seconds = 0;       ///< That the call lasted, by a monotonic clock.

  [[nodiscard]] std::int64_t tokens() const noexcept {
    return input_text_tokens + input_audio_tokens + output_text_tokens + output_audio_tokens;
  }
};

/// A call as it comes in. Empty fields are unknown.
struct NewCall {
  std::string call_id{};      ///< OpenAI's call or session id.
  std::string api{};          ///< "realtime" or "live".
  std::string webhook_id{};   ///< Of the delivery.
  std::string sip_call_id{};  ///< Call-ID of the carrier's INVITE, the same in both APIs' webhooks.
  std::string agent{};
  std::string model{};
  std::string caller{};
  std::string called{};
  std::string detail{};               ///< JSON that the owner wants back after a restart.
  std::string recording{};            ///< Path; retention hands it back to be deleted.
  std::string direction = "inbound";  ///< Or "outbound".
};

struct OpenedCall {
  bool fresh = false;     ///< This call was not known: it is yours.
  std::string call_id{};  ///< Of the call that is there, when it is not fresh.
};

struct CallEnding {
  std::string call_id{};
  std::string outcome{};  ///< A word for statistics: "caller_gone".
  std::string reason{};   ///< A sentence for people.
  Usage usage{};
  std::optional<double> cost{};  ///< Estimate; nothing for models without a price.
};

/// What is known of a function call. `claimed` and no more after a crash: it may or may not have
/// taken effect.
enum class ToolState : std::uint8_t { fresh, claimed, done, sent };

struct NewTool {
  std::string call_id{};
  std::string function_call_id{};  ///< Unique within the call.
  std::string name{};
  std::string arguments{};  ///< JSON.
  std::string policy{};     ///< When in doubt: "retry" or "report".
};

struct ToolClaim {
  ToolState before = ToolState::fresh;  ///< `fresh`: run it now.
  /// With `claimed`: by this very process, which is at it. Otherwise an earlier process left it in
  /// doubt, and the claim is now the caller's: only one gets this answer.
  bool running = false;
  int attempt = 1;
  std::string output{};  ///< With `done` and `sent`.
};

struct Tool {
  std::string function_call_id{};
  std::string name{};
  std::string arguments{};
  std::string policy{};
  ToolState state = ToolState::claimed;
  int attempt = 1;
  std::string output{};
  std::int64_t claimed_at_ms = 0;  ///< Unix time, as all `_at_ms` that are integers.
  std::int64_t done_at_ms = 0;     ///< 0: not yet.
};

/// One sideband message or one step of the timeline.
struct Event {
  double at_ms = 0;         ///< On the call's monotonic clock.
  std::string direction{};  ///< "received", "sent" or "mark".
  std::string type{};       ///< "response.done"; of a mark "source.name".
  std::string json{};       ///< Empty when it was too long to be kept.
  std::int64_t run = 0;     ///< Set when read: the process that saw it; `at_ms` counts within it.
  std::int64_t bytes = 0;   ///< Set when read: how long `json` was.
};

struct TranscriptLine {
  std::string who{};  ///< "caller", "model" or "gap": nobody listened meanwhile.
  std::string text{};
  double at_ms = 0;  ///< When it began, on the call's monotonic clock.
  bool interrupted = false;
  std::int64_t run = 0;            ///< As in `Event`.
  std::optional<double> gap_ms{};  ///< How long a gap was, where that is known.
};

struct Call {
  NewCall info{};
  bool live = false;
  std::int64_t run = 0;          ///< The process that has it, or had it last.
  std::int64_t began_at_ms = 0;  ///< For people only: the system's clock may have been set.
  std::int64_t ended_at_ms = 0;  ///< 0: live.
  std::string outcome{};
  std::string reason{};
  Usage usage{};
  std::optional<double> cost{};
  std::int64_t lines = 0;  ///< Of the transcript.
  std::int64_t tools = 0;  ///< Function calls.
};

/// A call with everything that happened in it.
struct CallStory {
  Call call{};
  std::vector<TranscriptLine> transcript{};  ///< By when they began.
  std::vector<Tool> tools{};                 ///< As claimed.
  std::vector<Event> events{};               ///< As written.
};

/// A call that a crash has left, with the function calls that are not `sent`.
struct LiveCall {
  Call call{};
  std::vector<Tool> unfinished{};
};

struct CallFilter {
  bool live_only = false;
  std::int64_t since_ms = 0;  ///< Unix time of the beginning; 0: all.
  std::size_t limit = 50;
  std::string agent{};      ///< Empty: all.
  std::string caller{};     ///< Empty: all.
  std::string direction{};  ///< Empty: both.
};

struct UsageSums {
  std::int64_t calls = 0;
  std::int64_t tokens = 0;
  double seconds = 0;
  double cost = 0;  ///< Of the calls that have an estimate.
};

struct CallerUsage {
  std::string caller{};  ///< Empty: those without a number.
  UsageSums sums{};
};

/// How long each kind is kept after the end of its call, in days; nothing: for ever. Nothing
/// outlives its call.
struct Retention {
  std::optional<int> calls{};
  std::optional<int> transcripts{};
  std::optional<int> events{};
  std::optional<int> tools{};
  std::optional<int> recordings{};
};

struct Swept {
  std::int64_t calls = 0;
  std::int64_t rows = 0;             ///< Events, lines and tools.
  std::vector<std::string> files{};  ///< Recordings to delete, those not yet confirmed among them.
};

}  // namespace offhook::store
