#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace offhook::sim {

/// "Ask for the order number, then call lookup_order": what the sim's model understands of
/// instructions beside dictation.
struct PersonaTask {
  std::string wanted;    ///< "the order number"
  std::string function;  ///< "lookup_order"
};

[[nodiscard]] std::optional<PersonaTask> task_in(std::string_view instructions);

/// The function of `tools` whose name the caller's words touch: "weather" for `get_weather`.
/// @return its declaration, or null.
[[nodiscard]] const boost::json::object* tool_meant(const boost::json::array& tools,
                                                    std::string_view heard);
[[nodiscard]] const boost::json::object* tool_named(const boost::json::array& tools,
                                                    std::string_view name);

/// Fills the parameters of a function from the caller's words: numbers and ids from spoken digits,
/// other texts from what follows "in", "to", "for", "from" or "on", else all that was said.
/// @return nothing when a number is wanted and none was said.
[[nodiscard]] std::optional<boost::json::object> arguments_from(const boost::json::object& tool,
                                                                std::string_view heard);

/// "four seven one two" → "4712"; also takes digits as they are. Empty without any.
[[nodiscard]] std::string spoken_digits(std::string_view words);

/// A function's output in words: {"status":"sent"} → "The status is sent."
[[nodiscard]] std::string in_words(std::string_view output);

}  // namespace offhook::sim
