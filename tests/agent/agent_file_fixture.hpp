#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "agent/agent_file.hpp"

namespace offhook::agent::testing {

/// An environment of these variables and no others.
inline Environment environment_of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
}

inline constexpr std::string_view key_text = "sk-test-0123456789";
inline constexpr std::string_view secret_text = "whsec_c2VjcmV0LW9mLXRoZS10ZXN0";

/// What every file needs, without agents.
inline constexpr std::string_view preamble = R"(
provider:
  api_key: ${KEY}
webhook:
  secrets: ["${SECRET}"]
)";

inline tl::expected<AgentFile, AgentFileProblems> parse(const std::string& text) {
  const auto environment =
      environment_of({{"KEY", std::string{key_text}}, {"SECRET", std::string{secret_text}}});
  return parse_agent_file(text, "agent.yaml", {}, environment);
}

/// A file whose only agent has these fields, each line already indented by four.
inline tl::expected<AgentFile, AgentFileProblems> parse_agent(const std::string& fields) {
  return parse(std::string{preamble} + "agents:\n  support:\n    model: gpt-realtime-2.1\n" +
               fields);
}

/// All problems, one a line; empty: none.
inline std::string problems_of(const tl::expected<AgentFile, AgentFileProblems>& result) {
  std::string all;
  if (!result) {
    for (const std::string& line : result.error()) {
      all += line + "\n";
    }
  }
  return all;
}

}  // namespace offhook::agent::testing
