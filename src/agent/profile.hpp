#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/secret.hpp"

namespace offhook::agent {

/// Which of OpenAI's phone APIs runs a call.
enum class Api : std::uint8_t { realtime, live };

/// What is done about a tool call that may or may not have taken effect before a crash.
enum class InDoubt : std::uint8_t {
  retry,   ///< Run it again, with the same idempotency key.
  report,  ///< Do not run it; the model is told {"status":"unknown"}.
};

/// POSTs the arguments as JSON and gives the answer's body to the model.
struct HttpToolConfig {
  std::string url;
  std::vector<std::pair<std::string, Secret>> headers;
  int retries = 2;  ///< Further attempts after connection errors, 408, 429 and 5xx.
};

/// Runs a child process without a shell: JSON on its stdin, its stdout to the model.
struct CommandToolConfig {
  std::vector<std::string> command;  ///< Program and arguments.
  std::vector<std::pair<std::string, Secret>> environment;
  std::size_t max_output_bytes = 64U << 10U;
};

/// Said while a tool takes its time.
struct Filler {
  std::chrono::milliseconds after{0};  ///< 0: no filler.
  std::string say;                     ///< What the model is told to say.
};

/// One tool that the model may call.
struct ToolConfig {
  enum class Kind : std::uint8_t {
    http,
    command,
    hang_up,      ///< Ends the call once the farewell has been played.
    transfer,     ///< REFER.
    send_digits,  ///< DTMF, Live only.
    function,     ///< A C++ function of the embedding program, found by name.
  };
  Kind kind = Kind::function;
  std::string name;
  std::string description;
  boost::json::object parameters;  ///< JSON Schema of the arguments.
  InDoubt in_doubt = InDoubt::report;
  std::chrono::milliseconds timeout{15'000};
  Filler filler{};
  HttpToolConfig http{};
  CommandToolConfig command{};
  std::vector<std::string> transfer_targets;  ///< URIs that `transfer` may use; empty: any.
};

/// How keys that the caller presses reach the model.
struct KeypadConfig {
  bool enabled = true;
  char terminator = '#';                   ///< Ends an entry at once.
  std::chrono::milliseconds pause{2'500};  ///< As does this much time without a key.
  std::size_t max_digits = 32;
};

/// Limits of one call; 0 means none.
struct CallLimits {
  std::chrono::seconds seconds{0};
  std::uint64_t tokens = 0;
  std::string goodbye = "Say that the time for this call is over, and goodbye.";
  std::chrono::seconds goodbye_time{12};  ///< For saying it, before the call is hung up.
};

/// Everything that one agent is, after files and ${ENV} have been read.
struct AgentProfile {
  std::string name;
  Api api = Api::realtime;
  std::string model;
  std::string instructions;
  std::string voice;
  std::string opening;                 ///< Instructions of the first response; empty: be silent.
  std::vector<std::string> languages;  ///< Hints for transcription, ISO 639-1.
  boost::json::value turn_detection;   ///< As the API has it; null: the API's default.
  std::string transcription;           ///< Model; empty: none.
  std::string noise_reduction;         ///< "near_field", "far_field" or empty.
  std::vector<ToolConfig> tools;
  boost::json::array mcp_servers;  ///< As the API has them (`type: mcp`).
  boost::json::object delegation;  ///< Live only; empty: `client`.
  boost::json::object session;     ///< Further session fields, passed through.
  KeypadConfig keypad{};
  CallLimits limits{};
  std::string hold_sound;  ///< Sound file played while a tool is slow (Live).
};

}  // namespace offhook::agent
