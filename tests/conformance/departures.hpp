#pragma once

#include <array>
#include <string_view>

namespace offhook::conformance {

/// Where OpenAI's documentation or observed traffic says more than the SDK's types do.
struct Departure {
  std::string_view type;   ///< Declared type.
  std::string_view field;  ///< Of it.
  bool null_only = false;  ///< The field is declared, and null besides.
};

inline constexpr std::array departures{
    // The documented session.created has read-only fields, and null for what is switched off.
    Departure{"Realtime.RealtimeSessionCreateRequest", "id"},
    Departure{"Realtime.RealtimeSessionCreateRequest", "object"},
    Departure{"Realtime.RealtimeSessionCreateRequest", "expires_at"},
    Departure{"Realtime.RealtimeSessionCreateRequest", "include", true},
    Departure{"Realtime.RealtimeAudioConfigInput", "transcription", true},
    Departure{"Realtime.RealtimeAudioConfigInput", "noise_reduction", true},
    // The documented response.created has null for what is not known yet; out of band there is no
    // conversation.
    Departure{"Realtime.RealtimeResponse", "usage", true},
    Departure{"Realtime.RealtimeResponse", "status_details", true},
    Departure{"Realtime.RealtimeResponse", "conversation_id", true},
    // Seen in captures: a turn enters the conversation before it is transcribed.
    Departure{"Realtime.RealtimeConversationItemUserMessage.Content", "transcript", true},
};

/// What the sim adds on purpose when it is asked to misbehave.
inline constexpr std::string_view fault_field = "unheard_of";
inline constexpr std::string_view fault_event = "session.weather_changed";

}  // namespace offhook::conformance
