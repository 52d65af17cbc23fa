#include <array>

#include "agent/file/sections.hpp"

namespace offhook::agent::file {
namespace {

using Kind = FieldKind;

constexpr std::array<Field, 6> turn_fields{{
    {"type", Kind::word, "Silence alone, or what was said.", "server_vad",
     "server_vad semantic_vad"},
    {"eagerness", Kind::word, "`semantic_vad`: how soon a turn is over.", "",
     "low medium high auto"},
    {"idle_timeout", Kind::duration,
     "`server_vad`: silence after which the model speaks up, 5s to 30s."},
    {"create_response", Kind::flag, "The API answers a finished turn by itself.", "true"},
    {"interrupt_response", Kind::flag, "The caller's voice stops the model's.", "true"},
    {"api_fields", Kind::json, "Further fields, as the API has them."},
}};
constexpr Section turns{"turn_detection", "When a turn of the caller is over.", turn_fields};

constexpr std::array<Field, 4> keypad_fields{{
    {"enabled", Kind::flag, "Keys that the caller presses reach the model.", "true"},
    {.name = "terminator",
     .kind = Kind::text,
     .meaning = "Key that ends an entry at once.",
     .standard = "\"#\"",
     .check = check_keypad_terminator},
    {"pause", Kind::duration, "Time without a key that ends an entry.", "2500ms"},
    {.name = "max_digits",
     .kind = Kind::integer,
     .meaning = "Longest entry.",
     .standard = "32",
     .least = 1,
     .most = 256},
}};
constexpr Section keypad{"keypad", "How keys that the caller presses reach the model.",
                         keypad_fields};

constexpr std::array<Field, 4> call_limit_fields{{
    {"seconds", Kind::duration, "Longest call.", "", "off"},
    {.name = "tokens", .kind = Kind::integer, .meaning = "Most tokens of a call; 0: no limit."},
    {"goodbye", Kind::text, "What the model is told to say when a limit is reached.",
     "Say that the time for this call is over, and goodbye."},
    {"goodbye_time", Kind::duration, "Time for saying it, before the call is hung up.", "12s"},
}};
constexpr Section call_limits{"call limits",
                              "Limits of one call; what an agent leaves out is "
                              "taken from `limits.call`.",
                              call_limit_fields};

constexpr std::array<Field, 17> agent_fields{{
    {"api", Kind::word, "Which of the phone APIs runs its calls.", "realtime", "realtime live"},
    {.name = "model",
     .kind = Kind::text,
     .meaning = "Model; at Azure the deployment.",
     .required = true},
    {"instructions", Kind::text, "What the model is told about its work."},
    {"instructions_file", Kind::text, "The same from a text file, seen from the agent file."},
    {"voice", Kind::text, "A built-in voice, or an own one (`voice_…`)."},
    {"opening", Kind::text, "Instructions of the first response. None: the caller speaks first."},
    {.name = "languages",
     .kind = Kind::texts,
     .meaning = "Hints for transcription, ISO 639-1.",
     .check = check_language},
    {.name = "turn_detection",
     .kind = Kind::section,
     .meaning = "When a turn of the caller is over (realtime).",
     .words = "server_vad semantic_vad off",
     .section = &turns},
    {"transcription", Kind::text, "Model that writes down what the caller says (realtime)."},
    {"noise_reduction", Kind::word, "Microphone of the caller (realtime).", "",
     "near_field far_field off"},
    {"tools", Kind::texts, "Names from `tools`, and the built-in hang_up and send_digits."},
    {"mcp", Kind::texts, "Names from `mcp`."},
    {"delegation", Kind::json, "Who thinks for a live model, as the API has it (live)."},
    {"session", Kind::json, "Further session fields, as the API has them."},
    {.name = "keypad",
     .kind = Kind::section,
     .meaning = "Keys that the caller presses.",
     .section = &keypad},
    {.name = "limits",
     .kind = Kind::section,
     .meaning = "Limits of each call.",
     .section = &call_limits},
    {"hold_sound", Kind::text, "Sound file played while a tool is slow (live)."},
}};
constexpr Section agent{"agent", "One agent.", agent_fields};

constexpr std::array<Field, 4> caller_fields{{
    {"concurrent_calls", Kind::integer, "Calls at the same time; 0: no limit.", "0"},
    {"calls", Kind::integer, "Calls in 24 hours; 0: no limit.", "0"},
    {"seconds", Kind::duration, "Talking time in 24 hours.", "", "off"},
    {"tokens", Kind::integer, "Tokens in 24 hours; 0: no limit.", "0"},
}};
constexpr Section caller_limits{"caller limits",
                                "Of each caller. Callers without a number count "
                                "as one.",
                                caller_fields};

constexpr std::array<Field, 3> day_fields{{
    {"calls", Kind::integer, "Calls in 24 hours; 0: no limit.", "0"},
    {"seconds", Kind::duration, "Talking time in 24 hours.", "", "off"},
    {"tokens", Kind::integer, "Tokens in 24 hours; 0: no limit.", "0"},
}};
constexpr Section day_limits{"day limits", "Of all calls together.", day_fields};

constexpr std::array<Field, 5> limits_fields{{
    {"concurrent_calls", Kind::integer, "Calls at the same time; 0: no limit.", "0"},
    {.name = "call",
     .kind = Kind::section,
     .meaning = "Of each call of every agent.",
     .section = &call_limits},
    {.name = "caller",
     .kind = Kind::section,
     .meaning = "Of each caller.",
     .section = &caller_limits},
    {.name = "day",
     .kind = Kind::section,
     .meaning = "Of all calls in 24 hours.",
     .section = &day_limits},
    {.name = "reject",
     .kind = Kind::integer,
     .meaning = "SIP status of a call beyond a limit.",
     .standard = "486",
     .least = 300,
     .most = 699},
}};
constexpr Section limits{"limits", "What a new call may use.", limits_fields};

}  // namespace

const Section& agent_section() noexcept { return agent; }
const Section& limits_section() noexcept { return limits; }

}  // namespace offhook::agent::file
