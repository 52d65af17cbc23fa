// Input: the text of an agent file.
#include <string>
#include <string_view>

#include "agent/agent_file.hpp"
#include "agent/session_body.hpp"
#include "expect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offhook::agent;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const Environment environment = [](const std::string& name) -> std::optional<std::string> {
    return name.size() % 2 == 0 ? std::optional<std::string>{"s3cr3t-of-the-environment"}
                                : std::nullopt;
  };
  const auto file = parse_agent_file(text, "agent.yaml", "/nonexistent", environment);
  if (!file) {
    FUZZ_EXPECT(!file.error().empty());
    for (const std::string& line : file.error()) {
      FUZZ_EXPECT(line.starts_with("agent.yaml"));
      FUZZ_EXPECT(line.find("s3cr3t-of-the") == std::string::npos);
    }
    return 0;
  }
  FUZZ_EXPECT(!file->agents.empty() && !file->webhook.secrets.empty());
  FUZZ_EXPECT(!file->provider.api_base.empty() && !file->provider.api_key.empty());
  for (const auto& [name, agent] : file->agents) {
    FUZZ_EXPECT(session_problems(agent).empty());
    FUZZ_EXPECT(!session_body(agent).empty());
  }
  for (const RouteRule& rule : file->routing) {
    FUZZ_EXPECT(rule.agent.empty() != (rule.reject_code == 0));
  }
  return 0;
}
