#include "sim/mcp_tools.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <boost/algorithm/string/predicate.hpp>

#include "base/json.hpp"
#include "net/url.hpp"
#include "sim/request_body.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

bool is_server(const json::value& tool) { return json_string(tool, "type") == "mcp"; }

bool names_server(const json::value& tool) {
  return json_at(tool, "server_url") != nullptr || json_at(tool, "connector_id") != nullptr ||
         json_at(tool, "tunnel_id") != nullptr;
}

bool is_read_only(const json::value& tool) {
  const json::value* const hint = json_at(tool, "annotations.readOnlyHint");
  return hint != nullptr && hint->is_bool() && hint->get_bool();
}

bool holds(const json::value& names, std::string_view name) {
  const json::array* const list = names.if_array();
  return list != nullptr && std::any_of(list->begin(), list->end(), [&](const json::value& one) {
           return one.is_string() && one.get_string() == name;
         });
}

/// A list of names, or a filter by names and by whether a tool only reads.
bool fits(const json::value& filter, const json::value& offered) {
  const auto name = json_string(offered, "name");
  if (filter.is_array()) {
    return holds(filter, name);
  }
  const json::value* const names = json_at(filter, "tool_names");
  const json::value* const read_only = json_at(filter, "read_only");
  return (names == nullptr || holds(*names, name)) &&
         (read_only == nullptr || *read_only == is_read_only(offered));
}

bool needs_approval(const json::object& definition, const json::value& offered) {
  const json::value* const wanted = definition.if_contains("require_approval");
  if (wanted == nullptr || !wanted->is_object()) {
    return wanted == nullptr || *wanted != "never";
  }
  const json::value* const always = json_at(*wanted, "always");
  const json::value* const never = json_at(*wanted, "never");
  if (always != nullptr && fits(*always, offered)) {
    return true;
  }
  return never != nullptr ? !fits(*never, offered) : always == nullptr;
}

ApiResult<> check_headers(const json::value& tool, const std::string& path) {
  const json::value* const headers = json_at(tool, "headers");
  if (headers == nullptr || headers->is_null()) {
    return {};
  }
  if (!headers->is_object()) {
    return refuse(invalid_value(path + ".headers", "an object"));
  }
  for (const auto& [name, value] : headers->get_object()) {
    if (!value.is_string()) {
      return refuse(invalid_value(path + ".headers." + std::string{name}, "a string"));
    }
    if (boost::iequals(name, "authorization") && json_at(tool, "authorization") != nullptr) {
      return refuse(invalid_value(path + ".headers", "no Authorization beside authorization"));
    }
  }
  return {};
}

}  // namespace

ApiResult<> check_mcp_tool(const json::value& tool, const std::string& path) {
  constexpr std::string_view fields =
      "type server_label server_url connector_id tunnel_id authorization headers allowed_tools "
      "require_approval server_description defer_loading allowed_callers";
  if (auto checked = only_fields(tool, fields, path); !checked) {
    return checked;
  }
  if (json_string(tool, "server_label").empty()) {
    return refuse(missing_parameter(path + ".server_label"));
  }
  if (json_at(tool, "server_url") != nullptr && json_at(tool, "connector_id") != nullptr) {
    return refuse(invalid_value(path, "either server_url or connector_id"));
  }
  if (const json::value* const url = json_at(tool, "server_url")) {
    const auto parsed = net::parse_url(json_string(tool, "server_url"));
    if (!url->is_string() || !parsed || !parsed->scheme.starts_with("http")) {
      return refuse(invalid_value(path + ".server_url", "an http or https address"));
    }
  }
  if (const json::value* const token = json_at(tool, "authorization");
      token != nullptr && !token->is_string()) {
    return refuse(invalid_value(path + ".authorization", "a string"));
  }
  const json::value* const approval = json_at(tool, "require_approval");
  const bool known = approval == nullptr || approval->is_null() || approval->is_object() ||
                     *approval == "always" || *approval == "never";
  if (!known) {
    return refuse(invalid_value(path + ".require_approval", R"("always", "never" or a filter)"));
  }
  return check_headers(tool, path);
}

ApiResult<> McpTools::check(const json::array& tools, const std::string& path) const {
  std::set<std::string_view> labels;
  std::size_t index = 0;
  for (const json::value& tool : tools) {
    const std::string place = path + '[' + std::to_string(index++) + ']';
    if (!is_server(tool)) {
      continue;
    }
    if (!labels.insert(json_string(tool, "server_label")).second) {
      return refuse(invalid_value(place + ".server_label", "a label that comes once"));
    }
    if (!names_server(tool) && server_of(tool) == nullptr) {
      return refuse(missing_parameter(place + ".server_url"));
    }
  }
  return {};
}

std::vector<json::object> McpTools::define(const json::array& tools) {
  std::vector<json::object> wanted;
  for (const json::value& tool : tools) {
    if (!is_server(tool)) {
      continue;
    }
    const std::string label{json_string(tool, "server_label")};
    const auto known = servers_.find(label);
    const bool repeats = known != servers_.end() &&
                         (!names_server(tool) || known->second.definition == tool.get_object());
    if (!repeats) {
      servers_[label] = {tool.get_object()};
    } else if (!known->second.failed) {
      continue;
    }
    servers_[label].failed = false;
    wanted.push_back(servers_[label].definition);
  }
  return wanted;
}

json::array McpTools::offer(const std::string& label, const json::array& tools) {
  Server& server = servers_[label];
  const json::value* const allowed = server.definition.if_contains("allowed_tools");
  server.offered.clear();
  for (const json::value& tool : tools) {
    if (allowed == nullptr || allowed->is_null() || fits(*allowed, tool)) {
      server.offered.push_back(tool);
    }
  }
  return server.offered;
}

void McpTools::on_failed(const std::string& label) { servers_[label].failed = true; }

const McpTools::Server* McpTools::server_of(const json::value& tool) const {
  const auto found =
      is_server(tool) ? servers_.find(json_string(tool, "server_label")) : servers_.end();
  return found == servers_.end() ? nullptr : &found->second;
}

json::array McpTools::with_offered(const json::array& tools) const {
  json::array all = tools;
  for (const json::value& tool : tools) {
    const Server* const server = server_of(tool);
    for (const json::value& offered : server != nullptr ? server->offered : json::array{}) {
      all.push_back(json::object{{"type", "function"},
                                 {"name", json_string(offered, "name")},
                                 {"description", json_string(offered, "description")},
                                 {"parameters", *json_at(offered, "input_schema")}});
    }
  }
  return all;
}

std::optional<McpTools::Found> McpTools::find(const json::array& tools,
                                              std::string_view name) const {
  for (const json::value& tool : tools) {
    if (json_string(tool, "type") == "function" && json_string(tool, "name") == name) {
      return std::nullopt;
    }
  }
  for (const json::value& tool : tools) {
    const Server* const server = server_of(tool);
    for (const json::value& offered : server != nullptr ? server->offered : json::array{}) {
      if (json_string(offered, "name") == name) {
        return Found{std::string{json_string(tool, "server_label")},
                     needs_approval(server->definition, offered)};
      }
    }
  }
  return std::nullopt;
}

json::value without_secrets(const json::value& tool) {
  json::value shown = tool;
  if (!is_server(tool) || !shown.is_object()) {
    return shown;
  }
  shown.get_object().erase("authorization");
  json::value* const headers = shown.get_object().if_contains("headers");
  if (headers != nullptr && headers->is_object()) {
    for (auto& header : headers->get_object()) {
      header.value() = "<redacted>";
    }
  }
  return shown;
}

}  // namespace offhook::sim
