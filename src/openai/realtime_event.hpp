#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "openai/conversation_item.hpp"

namespace offhook::openai {

// Server events of a Realtime sideband (docs/openai-behaviour.md 6).

/// Tokens that a response has used.
struct RealtimeUsage {
  std::uint64_t input_text = 0;
  std::uint64_t input_audio = 0;
  std::uint64_t cached = 0;
  std::uint64_t output_text = 0;
  std::uint64_t output_audio = 0;
};

/// `response.created` and `response.done`.
struct RealtimeResponse {
  bool done = false;
  std::string id{};
  std::string status = "completed";  ///< Or "in_progress", "cancelled", "incomplete", "failed".
  bool in_conversation = true;       ///< The default one. false: out of band.
  std::optional<boost::json::object> metadata{};
  std::optional<std::vector<ConversationItem>> output{};
  RealtimeUsage usage{};
};

/// `conversation.item.added` (also by its older name, `created`), `.done` and `.retrieved`.
struct RealtimeItemEvent {
  enum class Step : std::uint8_t { added, done, retrieved };
  Step step = Step::added;
  ConversationItem item{};
  std::string previous_item_id{};  ///< Empty: none, or not told.
};

/// `conversation.item.truncated`: the caller did not hear the rest of it.
struct RealtimeTruncated {
  std::string item_id;
};

/// `conversation.item.input_audio_transcription.completed` and `.failed`.
struct RealtimeCallerWords {
  std::string item_id;
  std::optional<std::string> transcript;  ///< Nothing: it failed.
};

/// `response.output_audio_transcript.delta` and `.done`, `response.output_text.delta` and `.done`.
struct RealtimeModelWords {
  enum class Step : std::uint8_t {
    delta,
    spoken,   ///< The end of what it says …
    written,  ///< … or writes; `text` is all of it.
  };
  Step step = Step::delta;
  std::string item_id{};
  std::string response_id{};
  std::optional<std::string> text{};
};

/// `input_audio_buffer.speech_started` and `.speech_stopped`: the caller.
struct RealtimeSpeech {
  bool started = false;
  std::string item_id;  ///< That it is going to be.
};

/// `input_audio_buffer.committed`: what the caller said is an item.
struct RealtimeCommitted {
  std::string item_id;
};

/// `input_audio_buffer.dtmf_event_received`. '\0': not a key.
struct RealtimeDigit {
  char digit = 0;
};

/// `output_audio_buffer.started`, `.stopped` and `.cleared`: what the caller hears.
struct RealtimePlayback {
  enum class Step : std::uint8_t { started, stopped, cleared };
  Step step = Step::started;
  std::string response_id{};
};

/// `response.mcp_call_arguments.done`, and `response.mcp_call.completed` or `.failed`.
struct RealtimeMcpCall {
  bool returned = false;
  std::string item_id;
  std::string response_id;  ///< Only before it has returned.
};

/// `mcp_list_tools.failed`.
struct RealtimeMcpListFailed {};

/// `error`: as a rule one client event was refused; the session goes on.
struct RealtimeError {
  std::string code;
  std::string message;
  std::string event_id;  ///< Of the client event.
};

/// Any other type, passed through: the list grows.
struct RealtimeOther {
  std::string type;
};

using RealtimeEvent = std::variant<RealtimeOther,
                                   RealtimeResponse,
                                   RealtimeItemEvent,
                                   RealtimeTruncated,
                                   RealtimeCallerWords,
                                   RealtimeModelWords,
                                   RealtimeSpeech,
                                   RealtimeCommitted,
                                   RealtimeDigit,
                                   RealtimePlayback,
                                   RealtimeMcpCall,
                                   RealtimeMcpListFailed,
                                   RealtimeError>;

/// Reads an event whose fields may be missing or odd: what cannot be read stays empty.
/// @return `RealtimeOther` for a type that is not known here.
[[nodiscard]] RealtimeEvent read_realtime_event(std::string_view type,
                                                const boost::json::object& body);

/// The same from text. @return `malformed_message` when it is no JSON object with a string `type`.
[[nodiscard]] Result<RealtimeEvent> parse_realtime_event(std::string_view text);

// Client events (docs/openai-behaviour.md 5), ready to send.

/// @param instructions  Empty: the session's own.
[[nodiscard]] std::string response_create(std::string_view instructions = {});
[[nodiscard]] std::string response_cancel();
[[nodiscard]] std::string output_audio_buffer_clear();
[[nodiscard]] std::string function_call_output(std::string_view call_id, std::string_view output);
[[nodiscard]] std::string user_message(std::string_view text);

}  // namespace offhook::openai
