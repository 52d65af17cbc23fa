#include "agent/agent_file.hpp"

#include <doctest/doctest.h>

#include "agent_file_fixture.hpp"

using namespace offhook::agent;
using namespace offhook::agent::testing;
using namespace std::chrono_literals;

TEST_SUITE("agent file") {
  TEST_CASE("a file with one agent needs no more than key, secret and model") {
    const auto file = parse_agent("");
    REQUIRE_MESSAGE(file, problems_of(file));
    CHECK(file->provider.api_base == "https://api.openai.com/v1");
    CHECK(file->provider.api_key.reveal() == key_text);
    CHECK(file->provider.key_header == offhook::openai::KeyHeader::bearer);
    REQUIRE(file->webhook.secrets.size() == 1);
    CHECK(file->webhook.secrets[0].reveal() == secret_text);
    CHECK(file->control.listen.empty());
    CHECK(file->journal == "offhook.db");
    REQUIRE(file->agents.contains("support"));
    REQUIRE(file->routing.size() == 1);
    CHECK(file->routing[0].agent == "support");
  }

  TEST_CASE("what the file leaves out is as in a default profile") {
    const auto file = parse_agent("    tools: [hang_up]\n");
    REQUIRE_MESSAGE(file, problems_of(file));
    const AgentProfile& agent = file->agents.at("support");
    const AgentProfile standard;
    CHECK(agent.api == standard.api);
    CHECK(agent.turn_detection.is_null());
    CHECK(agent.keypad.enabled == standard.keypad.enabled);
    CHECK(agent.keypad.terminator == standard.keypad.terminator);
    CHECK(agent.keypad.pause == standard.keypad.pause);
    CHECK(agent.keypad.max_digits == standard.keypad.max_digits);
    CHECK(agent.limits.seconds == standard.limits.seconds);
    CHECK(agent.limits.tokens == standard.limits.tokens);
    CHECK(agent.limits.goodbye == standard.limits.goodbye);
    CHECK(agent.limits.goodbye_time == standard.limits.goodbye_time);
    REQUIRE(agent.tools.size() == 1);
    CHECK(agent.tools[0].kind == ToolConfig::Kind::hang_up);
    CHECK(agent.tools[0].parameters.contains("properties"));
  }

  TEST_CASE("a declared tool has what was declared, and the defaults of its configuration") {
    const auto file = parse_agent(R"(    tools: lookup
tools:
  lookup:
    kind: http
    description: Finds an order.
    url: https://tools.example.com/lookup
    headers: {X-Token: "${KEY}"}
)");
    REQUIRE_MESSAGE(file, problems_of(file));
    const ToolConfig& tool = file->agents.at("support").tools.at(0);
    const ToolConfig standard;
    CHECK(tool.kind == ToolConfig::Kind::http);
    CHECK(tool.name == "lookup");
    CHECK(tool.timeout == standard.timeout);
    CHECK(tool.in_doubt == standard.in_doubt);
    CHECK(tool.http.retries == standard.http.retries);
    CHECK(tool.command.max_output_bytes == standard.command.max_output_bytes);
    CHECK(tool.http.headers.at(0).second.reveal() == key_text);
  }

  TEST_CASE("every problem is told, with its place, in the order of the file") {
    const auto file = parse_agent(R"(    voice: alloi
    vioce: alloy
    tools: [lokup]
tools:
  lookup:
    kind: htpp
    timeout: 5
)");
    CHECK(
        problems_of(file) ==
        R"(agent.yaml:9:12: agents.support.voice: must be alloy, ash, ballad, coral, echo, sage, shimmer, verse, marin, cedar, or an own one (voice_…)
agent.yaml:10:5: agents.support.vioce: is no field of this place (did you mean "voice"?)
agent.yaml:11:12: agents.support.tools: "lokup" is not declared under tools (did you mean "lookup"?)
agent.yaml:14:11: tools.lookup.kind: "htpp" must be http, command, hang_up, transfer, send_digits or function (did you mean "http"?)
agent.yaml:15:14: tools.lookup.timeout: "5" must be a time with its unit (500ms, 30s, 5m, 2h, 7d)
)");
  }
}
