#include "agent/tools/arguments.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/tools/json_schema.hpp"
#include "base/json.hpp"

namespace offhook::agent {

Result<boost::json::object> parse_arguments(const ToolConfig& tool, std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    text = "{}";
  }
  auto arguments = parse_json(text);
  if (!arguments) {
    return fail(Errc::invalid_argument, "the arguments are no valid JSON; call the tool again");
  }
  if (!arguments->is_object()) {
    return fail(Errc::invalid_argument, "the arguments must be a JSON object");
  }
  const boost::json::value schema(tool.parameters);
  const auto errors = validation_errors(schema, *arguments);
  if (!errors.empty()) {
    return fail(Errc::invalid_argument,
                fmt::format("the arguments do not fit: {}; mend them and call the tool again",
                            fmt::join(errors, "; ")));
  }
  return std::move(arguments->get_object());
}

}  // namespace offhook::agent
