#include "agent/session_body.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.hpp"

namespace offhook::agent {
namespace {

namespace json = boost::json;

/// Adds what `target` does not have; objects on both sides are merged.
void fill_in(json::object& target, const json::object& further) {
  for (const auto& [key, value] : further) {
    auto* const present = target.if_contains(key);
    if (present == nullptr) {
      target.emplace(key, value);
    } else if (present->is_object() && value.is_object()) {
      fill_in(present->as_object(), value.as_object());
    }
  }
}

json::value voice_of(const std::string& voice) {
  if (voice.starts_with("voice_")) {
    return json::object{{"id", voice}};
  }
  return json::string{voice};
}

json::object transcription_of(const AgentProfile& profile) {
  json::object transcription{{"model", profile.transcription}};
  if (profile.languages.size() == 1) {
    transcription["language"] = profile.languages.front();
  } else if (!profile.languages.empty()) {
    transcription["languages"] = json::array(profile.languages.begin(), profile.languages.end());
  }
  return transcription;
}

json::object input_of(const AgentProfile& profile) {
  json::object input;
  if (profile.turn_detection.is_object()) {
    input["turn_detection"] = profile.turn_detection;
  } else if (profile.turn_detection.is_bool()) {
    input["turn_detection"] = nullptr;
  }
  if (!profile.transcription.empty()) {
    input["transcription"] = transcription_of(profile);
  }
  if (!profile.noise_reduction.empty()) {
    input["noise_reduction"] = json::object{{"type", profile.noise_reduction}};
  }
  return input;
}

json::object audio_of(const AgentProfile& profile) {
  json::object audio;
  if (json::object input = input_of(profile); !input.empty() && profile.api == Api::realtime) {
    audio["input"] = std::move(input);
  }
  if (!profile.voice.empty()) {
    audio["output"] = json::object{{"voice", voice_of(profile.voice)}};
  }
  return audio;
}

json::object common_fields(const AgentProfile& profile) {
  json::object session{{"type", profile.api == Api::live ? "live" : "realtime"},
                       {"model", profile.model}};
  if (!profile.instructions.empty()) {
    session["instructions"] = profile.instructions;
  }
  if (json::object audio = audio_of(profile); !audio.empty()) {
    session["audio"] = std::move(audio);
  }
  return session;
}

json::object delegation_of(const AgentProfile& profile) {
  json::object delegation = profile.delegation;
  if (delegation.empty()) {
    return {{"type", "client"}};
  }
  json::array tools = session_tools(profile);
  auto* const responses = delegation.if_contains("responses");
  if (!tools.empty() && responses != nullptr && responses->is_object()) {
    json::value& all = responses->as_object()["tools"];
    if (!all.is_array()) {
      all = json::array{};
    }
    all.as_array().insert(all.as_array().end(), tools.begin(), tools.end());
  }
  return delegation;
}

void add_turn_problems(const json::value& detection,
                       std::string_view field,
                       std::vector<std::string>& problems) {
  constexpr std::array<std::string_view, 3> refused{"threshold", "prefix_padding_ms",
                                                    "silence_duration_ms"};
  for (const std::string_view name : refused) {
    if (json_at(detection, name) != nullptr) {
      problems.push_back(fmt::format(
          "{}: {} is refused by the API on telephone calls, and the call would be lost; "
          "leave it out, or use semantic_vad with eagerness",
          field, name));
    }
  }
}

void add_taken_fields(const AgentProfile& profile, std::vector<std::string>& problems) {
  struct Taken {
    std::string_view path;
    std::string_view instead;
  };
  constexpr std::array<Taken, 9> taken{{
      {"type", "the field api"},
      {"model", "the field model"},
      {"instructions", "the field instructions"},
      {"tools", "the fields tools and mcp"},
      {"delegation", "the field delegation"},
      {"audio.output.voice", "the field voice"},
      {"audio.input.turn_detection", "the field turn_detection"},
      {"audio.input.transcription.model", "the field transcription"},
      {"audio.input.noise_reduction.type", "the field noise_reduction"},
  }};
  const json::value session(profile.session);
  for (const Taken& field : taken) {
    if (json_at(session, field.path) != nullptr) {
      problems.push_back(
          fmt::format("session: {} has a place of its own, {}", field.path, field.instead));
    }
  }
  for (const std::string_view path : {"audio.input.format", "audio.output.format"}) {
    if (json_at(session, path) != nullptr) {
      problems.push_back(
          fmt::format("session: {} is decided by SDP on telephone calls; leave it out", path));
    }
  }
}

void add_live_problems(const AgentProfile& profile, std::vector<std::string>& problems) {
  if (!profile.turn_detection.is_null()) {
    problems.emplace_back("turn_detection: a live model needs none; leave it out");
  }
  if (!profile.transcription.empty()) {
    problems.emplace_back("transcription: a live model writes down both sides by itself");
  }
  if (!profile.noise_reduction.empty()) {
    problems.emplace_back("noise_reduction: not offered by the live API; leave it out");
  }
  if (!profile.languages.empty()) {
    problems.emplace_back("languages: not offered by the live API; leave it out");
  }
  const json::value delegation(profile.delegation);
  const auto type = json_string(delegation, "type", profile.delegation.empty() ? "client" : "");
  if (type != "client" && type != "responses" && type != "decisions") {
    problems.emplace_back("delegation: type must be client, responses or decisions");
  }
  if (type == "responses" && json_string(delegation, "responses.model").empty()) {
    problems.emplace_back("delegation: responses needs responses: {model: …}");
  }
  const bool own_delegate = type == "client" && profile.mcp_servers.empty() &&
                            std::ranges::all_of(profile.tools, [](const ToolConfig& tool) {
                              return tool.name == "delegate";
                            });
  if (type != "responses" && !own_delegate) {
    problems.emplace_back(
        "tools: a live model calls none by itself; name the model that does: "
        "delegation: {type: responses, responses: {model: …}}, or let one tool named delegate do "
        "all of it");
  }
}

}  // namespace

json::array session_tools(const AgentProfile& profile) {
  json::array tools;
  for (const ToolConfig& tool : profile.tools) {
    tools.push_back(json::object{{"type", "function"},
                                 {"name", tool.name},
                                 {"description", tool.description},
                                 {"parameters", tool.parameters}});
  }
  tools.insert(tools.end(), profile.mcp_servers.begin(), profile.mcp_servers.end());
  return tools;
}

json::object session_body(const AgentProfile& profile) {
  json::object session = common_fields(profile);
  if (profile.api == Api::realtime) {
    if (json::array tools = session_tools(profile); !tools.empty()) {
      session["tools"] = std::move(tools);
    }
    fill_in(session, profile.session);
    return session;
  }
  session["delegation"] = delegation_of(profile);
  fill_in(session, profile.session);
  return {{"session", std::move(session)}};
}

std::vector<std::string> session_problems(const AgentProfile& profile) {
  std::vector<std::string> problems;
  add_turn_problems(profile.turn_detection, "turn_detection", problems);
  add_taken_fields(profile, problems);
  if (profile.api == Api::live) {
    add_live_problems(profile, problems);
    return problems;
  }
  if (!profile.delegation.empty()) {
    problems.emplace_back("delegation: only for api: live");
  }
  if (!profile.languages.empty() && profile.transcription.empty()) {
    problems.emplace_back("languages: are hints for transcription; name its model, too");
  }
  constexpr std::array<std::string_view, 10> voices{"alloy", "ash",     "ballad", "coral", "echo",
                                                    "sage",  "shimmer", "verse",  "marin", "cedar"};
  if (!profile.voice.empty() && !profile.voice.starts_with("voice_") &&
      std::find(voices.begin(), voices.end(), profile.voice) == voices.end()) {
    problems.push_back(
        fmt::format("voice: must be {}, or an own one (voice_…)", fmt::join(voices, ", ")));
  }
  return problems;
}

}  // namespace offhook::agent
