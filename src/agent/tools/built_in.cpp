#include "agent/tools/built_in.hpp"

#include <boost/json/array.hpp>

namespace offhook::agent {
namespace {

namespace json = boost::json;
using Kind = ToolConfig::Kind;

json::object object_schema(json::object properties, json::array required) {
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

json::object transfer_schema(const std::vector<std::string>& targets) {
  json::object target{{"type", "string"}, {"description", "Where the call goes to."}};
  if (targets.empty()) {
    target["pattern"] = "^(tel:|sips?:)[^\\s<>]+$";
  } else {
    target["enum"] = json::array(targets.begin(), targets.end());
  }
  return object_schema({{"target", std::move(target)}}, {"target"});
}

json::object digits_schema() {
  const json::object digits{{"type", "string"},
                            {"description", "Keys to press: 0-9, *, #, A-D; a comma is a pause."},
                            {"pattern", "^[0-9*#A-D,]+$"},
                            {"maxLength", 32}};
  return object_schema({{"digits", digits}}, {"digits"});
}

json::object hang_up_schema() {
  const json::object reason{{"type", "string"},
                            {"description", "Why the call ends, in a few words."}};
  return object_schema({{"reason", reason}}, {});
}

struct Defaults {
  const char* name;
  const char* description;
};

Defaults defaults_of(Kind kind) {
  switch (kind) {
    case Kind::hang_up:
      return {"hang_up",
              "Ends the phone call. Say goodbye first, in the same response; the call ends once "
              "that has been heard."};
    case Kind::transfer:
      return {"transfer",
              "Transfers the phone call to another number. Tell the caller first. The result says "
              "whether the transfer was accepted; if not, the call goes on with you."};
    case Kind::send_digits:
      return {"send_digits", "Presses keys of the telephone, for menus at the other end."};
    case Kind::http:
    case Kind::command:
    case Kind::function: break;
  }
  return {"", ""};
}

}  // namespace

bool is_built_in(Kind kind) noexcept {
  return kind == Kind::hang_up || kind == Kind::transfer || kind == Kind::send_digits;
}

void complete_built_in(ToolConfig& tool) {
  const Defaults defaults = defaults_of(tool.kind);
  if (tool.name.empty()) {
    tool.name = defaults.name;
  }
  if (tool.description.empty()) {
    tool.description = defaults.description;
  }
  if (!tool.parameters.empty()) {
    return;
  }
  switch (tool.kind) {
    case Kind::hang_up: tool.parameters = hang_up_schema(); break;
    case Kind::transfer: tool.parameters = transfer_schema(tool.transfer_targets); break;
    case Kind::send_digits: tool.parameters = digits_schema(); break;
    case Kind::http:
    case Kind::command:
    case Kind::function: break;
  }
}

std::optional<ToolConfig> undeclared_built_in(std::string_view name) {
  ToolConfig tool;
  if (name == "hang_up") {
    tool.kind = Kind::hang_up;
  } else if (name == "send_digits") {
    tool.kind = Kind::send_digits;
  } else {
    return std::nullopt;
  }
  complete_built_in(tool);
  return tool;
}

}  // namespace offhook::agent
