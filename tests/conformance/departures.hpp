#pragma once

#include <array>
#include <string_view>

namespace offhook::conformance {

/// Where OpenAI's documentation or observed traffic says more than the SDK's types do.
struct Departure {
  std::string_view type;      ///< Declared type.
  std::string_view field;     ///< Of it: one that it does not declare, or declares otherwise.
  std::string_view may_be{};  ///< A type as in `openai-types.json`.
};

inline constexpr std::array departures{
    // The documented session.created has read-only fields, and null for what is switched off.
    Departure{"Realtime.RealtimeSessionCreateRequest", "id", "string"},
    Departure{"Realtime.RealtimeSessionCreateRequest", "object", "'realtime.session'"},
    Departure{"Realtime.RealtimeSessionCreateRequest", "expires_at", "number"},
    Departure{"Realtime.RealtimeSessionCreateRequest", "include", "null"},
    Departure{"Realtime.RealtimeAudioConfigInput", "transcription", "null"},
    Departure{"Realtime.RealtimeAudioConfigInput", "noise_reduction", "null"},
    // And so has the session of a client secret.
    Departure{"Realtime.RealtimeSessionCreateResponse", "include", "null"},
    Departure{"Realtime.RealtimeSessionCreateResponse.Audio.Input", "transcription", "null"},
    Departure{"Realtime.RealtimeSessionCreateResponse.Audio.Input", "noise_reduction", "null"},
    // The documented response.created has null for what is not known yet, and so has response.done
    // for a status that needs no details; `check_body` sees to it that nothing else is missing
    // there. Out of band there is no conversation; `Conversations` sees to it that only there.
    Departure{"Realtime.RealtimeResponse", "usage", "null"},
    Departure{"Realtime.RealtimeResponse", "status_details", "null"},
    Departure{"Realtime.RealtimeResponse", "conversation_id", "null"},
    // Seen in captures: a turn enters the conversation before it is transcribed.
    Departure{"Realtime.RealtimeConversationItemUserMessage.Content", "transcript", "null"},
};

/// What the sim adds on purpose when it is asked to misbehave.
inline constexpr std::string_view fault_field = "unheard_of";
inline constexpr std::string_view fault_event = "session.weather_changed";

}  // namespace offhook::conformance
