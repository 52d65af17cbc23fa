#pragma once

#include <string>

#include <boost/json/object.hpp>

namespace offhook::agent::file {

/// JSON Schema (draft-07, which editors know best) of the agent file: docs/agent.schema.json. It
/// knows names, kinds, words and ranges, but not what depends on more than one field.
[[nodiscard]] boost::json::object published_schema();

/// Every field as a row of a Markdown table: the middle of docs/agent-file.md.
[[nodiscard]] std::string published_table();

}  // namespace offhook::agent::file
