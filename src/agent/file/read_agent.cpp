#include "agent/file/read_agent.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "agent/file/check.hpp"
#include "agent/session_body.hpp"
#include "agent/tools/built_in.hpp"
#include "base/json.hpp"

namespace offhook::agent::file {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr std::size_t max_instructions_bytes = 1U << 20U;

std::string read_instructions(const Reader& reader,
                              const std::string& directory,
                              Problems& problems) {
  if (!reader.has("instructions_file")) {
    return reader.text("instructions");
  }
  const auto add = [&](std::string what) {
    problems.add(reader.mark("instructions_file"), reader.path("instructions_file"),
                 std::move(what));
  };
  if (reader.has("instructions")) {
    add("there are instructions, too; keep one of the two");
  }
  const std::string path = seen_from(directory, reader.text("instructions_file"));
  std::error_code failure;
  if (!std::filesystem::is_regular_file(path, failure)) {
    add("is no file that can be read");
    return {};
  }
  std::ifstream file{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file && !file.eof()) {
    add("cannot be read");
  } else if (text.size() > max_instructions_bytes) {
    add("is longer than 1 MiB");
  }
  return text;
}

json::value read_turn_detection(const Reader& agent, const Node* node, Problems& problems) {
  if (node == nullptr || node->kind == Node::Kind::null) {
    return nullptr;
  }
  if (node->kind == Node::Kind::scalar) {
    if (node->text == "off") {
      return false;
    }
    return json::object{{"type", node->text}};
  }
  const Reader reader = agent.section("turn_detection");
  json::object detection = reader.json("api_fields");
  detection["type"] = reader.text("type");
  const bool semantic = reader.text("type") == "semantic_vad";
  const auto only_for = [&](std::string_view field, bool fits, std::string_view type) {
    if (reader.has(field) && !fits) {
      problems.add(reader.mark(field), reader.path(field), fmt::format("is only for {}", type));
    }
    return reader.has(field);
  };
  if (only_for("eagerness", semantic, "semantic_vad")) {
    detection["eagerness"] = reader.text("eagerness");
  }
  if (only_for("idle_timeout", !semantic, "server_vad")) {
    const auto idle = reader.duration("idle_timeout");
    if (idle < seconds{5} || idle > seconds{30}) {
      problems.add(reader.mark("idle_timeout"), reader.path("idle_timeout"),
                   "must be from 5s to 30s");
    }
    detection["idle_timeout_ms"] = idle.count();
  }
  for (const std::string_view field : {"create_response", "interrupt_response"}) {
    if (reader.has(field)) {
      detection[field] = reader.flag(field);
    }
  }
  return detection;
}

std::vector<ToolConfig> read_tools(const Reader& reader,
                                   const Catalogue& catalogue,
                                   Problems& problems) {
  std::vector<std::string_view> known{"hang_up", "send_digits"};
  for (const auto& [name, tool] : catalogue.tools) {
    known.emplace_back(name);
  }
  std::vector<ToolConfig> tools;
  for (const std::string& name : reader.texts("tools")) {
    const auto add = [&](std::string what) {
      problems.add(reader.mark("tools"), reader.path("tools"), std::move(what));
    };
    if (std::any_of(tools.begin(), tools.end(),
                    [&](const ToolConfig& tool) { return tool.name == name; })) {
      add(fmt::format("\"{}\" is named twice", name));
      continue;
    }
    const auto declared = catalogue.tools.find(name);
    if (declared != catalogue.tools.end()) {
      tools.push_back(declared->second);
    } else if (auto built_in = undeclared_built_in(name)) {
      tools.push_back(std::move(*built_in));
    } else if (name == "transfer") {
      add("\"transfer\" needs a declaration under tools that says where calls may go: "
          "transfer: {kind: transfer, targets: [\"tel:+14155550123\"]}");
      continue;
    } else {
      add(fmt::format("\"{}\" is not declared under tools{}", name, suggestion(name, known)));
      continue;
    }
    if (tools.back().kind == ToolConfig::Kind::send_digits && reader.text("api") != "live") {
      add("send_digits needs api: live; the realtime API cannot send digits");
    }
  }
  return tools;
}

json::array read_mcp(const Reader& reader, const Catalogue& catalogue, Problems& problems) {
  std::vector<std::string_view> known;
  for (const auto& [name, server] : catalogue.mcp_servers) {
    known.emplace_back(name);
  }
  json::array servers;
  for (const std::string& name : reader.texts("mcp")) {
    const auto declared = catalogue.mcp_servers.find(name);
    if (declared == catalogue.mcp_servers.end()) {
      problems.add(
          reader.mark("mcp"), reader.path("mcp"),
          fmt::format("\"{}\" is not declared under mcp{}", name, suggestion(name, known)));
    } else {
      servers.push_back(declared->second);
    }
  }
  return servers;
}

KeypadConfig read_keypad(const Reader& reader) {
  KeypadConfig keypad;
  keypad.enabled = reader.flag("enabled");
  const std::string terminator = reader.text("terminator");
  keypad.terminator = terminator.empty() ? '#' : terminator[0];
  keypad.pause = reader.duration("pause");
  keypad.max_digits = reader.integer("max_digits");
  return keypad;
}

/// Problems of the finished profile name their field first: "voice: …".
void place_problems(const AgentProfile& profile, const Reader& reader, Problems& problems) {
  for (const std::string& problem : session_problems(profile)) {
    const auto colon = problem.find(": ");
    const std::string field = problem.substr(0, colon);
    problems.add(reader.mark(field), reader.path(field), problem.substr(colon + 2));
  }
}

}  // namespace

std::string seen_from(const std::string& directory, const std::string& path) {
  if (path.empty() || directory.empty()) {
    return path;
  }
  return (std::filesystem::path{directory} / path).string();
}

CallLimits read_call_limits(const Reader& reader, const CallLimits& otherwise) {
  CallLimits limits = otherwise;
  if (reader.has("seconds")) {
    limits.seconds = std::chrono::ceil<seconds>(reader.duration("seconds"));
  }
  if (reader.has("tokens")) {
    limits.tokens = reader.integer("tokens");
  }
  if (reader.has("goodbye")) {
    limits.goodbye = reader.text("goodbye");
  }
  if (reader.has("goodbye_time")) {
    limits.goodbye_time = std::chrono::ceil<seconds>(reader.duration("goodbye_time"));
  }
  return limits;
}

AgentProfile read_agent(const std::string& name,
                        const Reader& reader,
                        const Catalogue& catalogue,
                        Problems& problems) {
  AgentProfile agent;
  agent.name = name;
  agent.api = reader.text("api") == "live" ? Api::live : Api::realtime;
  if (agent.api == Api::live && catalogue.azure) {
    problems.add(reader.mark("api"), reader.path("api"),
                 "Azure does not offer the live API; use realtime");
  }
  agent.model = reader.text("model");
  agent.instructions = read_instructions(reader, catalogue.directory, problems);
  agent.voice = reader.text("voice");
  agent.opening = reader.text("opening");
  agent.languages = reader.texts("languages");
  agent.turn_detection = read_turn_detection(reader, reader.node("turn_detection"), problems);
  agent.transcription = reader.text("transcription");
  agent.noise_reduction = reader.text("noise_reduction");
  if (agent.noise_reduction == "off") {
    agent.noise_reduction.clear();
  }
  agent.tools = read_tools(reader, catalogue, problems);
  agent.mcp_servers = read_mcp(reader, catalogue, problems);
  agent.delegation = reader.json("delegation");
  agent.session = reader.json("session");
  agent.keypad = read_keypad(reader.section("keypad"));
  agent.limits = read_call_limits(reader.section("limits"), catalogue.call_limits);
  agent.hold_sound = seen_from(catalogue.directory, reader.text("hold_sound"));
  const Reader limits = reader.section("limits");
  const json::value delegation = agent.delegation;
  if (agent.api == Api::live && limits.has("tokens") && agent.limits.tokens > 0 &&
      json_string(delegation, "type") != "responses") {
    problems.add(limits.mark("tokens"), limits.path("tokens"),
                 "limits nothing here: a live model counts in seconds, and only a delegation of "
                 "type responses uses tokens");
  }
  if (!agent.hold_sound.empty() && agent.api != Api::live) {
    problems.add(reader.mark("hold_sound"), reader.path("hold_sound"),
                 "needs api: live; the realtime API cannot play sounds");
  }
  place_problems(agent, reader, problems);
  return agent;
}

}  // namespace offhook::agent::file
