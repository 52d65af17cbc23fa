#pragma once

#include <cstddef>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "base/error.hpp"

namespace offhook::sim {

/// Stands for a turn of the caller whose words nobody recognised.
inline constexpr std::string_view unknown_words = "(speech)";

/// A function that a rule calls, with arguments by name.
struct PersonaCall {
  std::string name;
  std::vector<std::pair<std::string, std::string>> arguments{};
};

/// What to do when the caller's words fit a pattern. Texts may hold $0 (all that fitted) to $9.
struct PersonaRule {
  std::regex hears;
  std::vector<std::string> say{};    ///< Said in turn, before any calls.
  std::vector<PersonaCall> calls{};  ///< All in one response.
  std::size_t used = 0;              ///< How often it has answered.
};

/// A small set of rules that makes a conversation (docs/sim.md, "Personas").
struct PersonaScript {
  std::string greeting = "Hello, thanks for calling. How can I help you today?";
  std::string interrupted{};         ///< Said first after the caller cut the model short.
  std::string after_call{};          ///< Holds $output; empty: the output is put into words.
  std::vector<PersonaRule> rules{};  ///< The first that fits answers.
  std::vector<std::string> otherwise{"I heard: $0."};  ///< In turn, when none fits.
  std::size_t used_otherwise = 0;
};

/// One pattern of the rules: ECMAScript, case does not matter.
/// @return `invalid_argument` with what is wrong in it.
[[nodiscard]] Result<std::regex> persona_pattern(const std::string& text);

/// A useful set: greetings, time and date, small talk, numbers, thanks and goodbye.
[[nodiscard]] PersonaScript default_persona();

/// Reads a script from YAML text. @param name  Of the file, for messages.
/// @return `invalid_argument` naming file, line and field.
[[nodiscard]] Result<PersonaScript> parse_persona(const std::string& yaml, const std::string& name);

/// The reply of the first rule that fits `heard`, or nothing.
struct RuleReply {
  struct Call {
    std::string name;
    boost::json::object arguments{};
  };
  std::string say{};
  std::vector<Call> calls{};
};
[[nodiscard]] std::optional<RuleReply> apply_rules(PersonaScript& script, std::string_view heard);

/// The next of the replies for words that no rule fits.
[[nodiscard]] std::string reply_otherwise(PersonaScript& script, std::string_view heard);

}  // namespace offhook::sim
