#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "agent/file/check.hpp"
#include "agent/file/read_agent.hpp"
#include "agent/tools/built_in.hpp"
#include "agent/tools/json_schema.hpp"
#include "base/duration.hpp"

namespace offhook::agent::file {
namespace {

namespace json = boost::json;
using Kind = ToolConfig::Kind;

bool is_api_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

Kind kind_of(std::string_view word) {
  struct Named {
    std::string_view word;
    Kind kind;
  };
  constexpr std::array<Named, 5> kinds{{{"http", Kind::http},
                                        {"command", Kind::command},
                                        {"hang_up", Kind::hang_up},
                                        {"transfer", Kind::transfer},
                                        {"send_digits", Kind::send_digits}}};
  const auto* const found = std::find_if(kinds.begin(), kinds.end(),
                                         [&](const Named& named) { return named.word == word; });
  return found == kinds.end() ? Kind::function : found->kind;
}

/// Fields that only one kind of tool has.
void check_belonging(const Reader& reader, std::string_view kind, Problems& problems) {
  struct Belonging {
    std::string_view field;
    std::string_view kind;
  };
  constexpr std::array<Belonging, 7> fields{{{"url", "http"},
                                             {"headers", "http"},
                                             {"retries", "http"},
                                             {"command", "command"},
                                             {"environment", "command"},
                                             {"max_output", "command"},
                                             {"targets", "transfer"}}};
  for (const Belonging& field : fields) {
    if (reader.has(field.field) && field.kind != kind) {
      problems.add(reader.mark(field.field), reader.path(field.field),
                   fmt::format("is only for kind: {}", field.kind));
    }
  }
  const auto need = [&](std::string_view field, std::string_view what) {
    if (!reader.has(field)) {
      problems.add(reader.mark(), reader.path(), fmt::format("{} is missing: {}", field, what));
    }
  };
  if (kind == "http") {
    need("url", "where the arguments are posted to");
  } else if (kind == "command") {
    need("command", "program and arguments, such as [/usr/bin/python3, lookup.py]");
  } else if (kind == "transfer") {
    need("targets", "a list of tel: and sip: addresses, or the word any");
  }
  if (kind == "http" || kind == "command" || kind == "function") {
    need("description", "what the tool does and when the model should use it");
  }
}

void read_parameters(const Reader& reader, ToolConfig& tool, Problems& problems) {
  if (reader.has("parameters")) {
    tool.parameters = reader.json("parameters");
    const json::value schema(tool.parameters);
    for (const std::string& problem : schema_problems(schema)) {
      problems.add(reader.mark("parameters"), reader.path("parameters"), problem);
    }
  } else if (!is_built_in(tool.kind)) {
    tool.parameters = {{"type", "object"}, {"properties", json::object{}}};
  }
}

}  // namespace

ToolConfig read_tool(const std::string& name, const Reader& reader, Problems& problems) {
  ToolConfig tool;
  tool.name = name;
  if (!is_api_name(name)) {
    problems.add(reader.mark(), reader.path(),
                 "the API takes names of up to 64 letters, digits, _ and -");
  }
  const std::string kind = reader.text("kind");
  tool.kind = kind_of(kind);
  if (tool.kind != Kind::function || kind == "function") {  // else the kind itself is the problem
    check_belonging(reader, kind, problems);
  }
  tool.description = reader.text("description");
  tool.in_doubt = reader.text("in_doubt") == "retry" ? InDoubt::retry : InDoubt::report;
  tool.timeout = reader.duration("timeout");
  if (parse_duration(reader.text("timeout")) == std::chrono::milliseconds{0}) {
    problems.add(reader.mark("timeout"), reader.path("timeout"), "must be longer than 0");
  }
  const Reader filler = reader.section("filler");
  tool.filler = {filler.duration("after"), filler.text("say")};
  tool.http.url = reader.text("url");
  tool.http.headers = reader.secret_map("headers");
  tool.http.retries = static_cast<int>(reader.integer("retries"));
  tool.command.command = reader.texts("command");
  if (reader.has("command") && (tool.command.command.empty() || tool.command.command[0].empty())) {
    problems.add(reader.mark("command"), reader.path("command"), "names no program");
  }
  tool.command.environment = reader.secret_map("environment");
  tool.command.max_output_bytes = reader.integer("max_output");
  tool.transfer_targets = reader.texts("targets");
  const auto any = std::find(tool.transfer_targets.begin(), tool.transfer_targets.end(), "any");
  if (any != tool.transfer_targets.end()) {
    tool.transfer_targets.clear();
  } else if (reader.has("targets") && tool.transfer_targets.empty()) {
    problems.add(reader.mark("targets"), reader.path("targets"), "must not be empty");
  }
  read_parameters(reader, tool, problems);
  complete_built_in(tool);
  return tool;
}

json::object read_mcp_server(const std::string& name, const Reader& reader, Problems& problems) {
  json::object server{{"type", "mcp"}, {"server_label", name}};
  if (!is_api_name(name)) {
    problems.add(reader.mark(), reader.path(),
                 "the API takes names of up to 64 letters, digits, _ and -");
  }
  if (reader.has("server_url") == reader.has("connector_id")) {
    problems.add(reader.mark(), reader.path(), "needs either server_url or connector_id");
  }
  const auto take = [&](std::string_view field, std::string_view api_name) {
    if (reader.has(field)) {
      server[api_name] = reader.text(field);
    }
  };
  take("server_url", "server_url");
  take("connector_id", "connector_id");
  take("authorization", "authorization");
  take("description", "server_description");
  server["require_approval"] = reader.text("require_approval");
  if (reader.has("headers")) {
    json::object headers;
    for (const auto& [header, value] : reader.text_map("headers")) {
      headers[header] = value;
    }
    server["headers"] = std::move(headers);
  }
  if (reader.has("allowed_tools")) {
    const auto names = reader.texts("allowed_tools");
    server["allowed_tools"] = json::array(names.begin(), names.end());
  }
  return server;
}

}  // namespace offhook::agent::file
