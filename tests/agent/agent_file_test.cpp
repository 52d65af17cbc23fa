#include "agent/agent_file.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>
#include <unistd.h>

#include "agent/file/published.hpp"
#include "agent_file_fixture.hpp"
#include "base/json_text.hpp"

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

  TEST_CASE("a variable that is not set is told once, and secrets are never quoted") {
    const auto file = parse(R"(
provider: {api_key: ["sk-in-the-wrong-place"], kind: sk-as-kind}
webhook: {secrets: "whsec_%%%not-base64", listen: "${LISTEN}"}
control: {token: "${TOKEN}"}
agents:
  a: {model: m, tools: [t]}
tools:
  t: {kind: http, description: d, url: "ftp://u:hunter2@host/", headers: {X: [hunter3]}}
)");
    const std::string problems = problems_of(file);
    CHECK(problems.find("provider.api_key: must be a text") != std::string::npos);
    CHECK(problems.find("environment variable TOKEN is not set") != std::string::npos);
    CHECK(problems.find("control.token", problems.find("control.token") + 1) == std::string::npos);
    CHECK(problems.find("webhook.secrets") != std::string::npos);
    for (const char* const secret : {"wrong-place", "not-base64", "hunter3"}) {
      CAPTURE(problems);
      CHECK(problems.find(secret) == std::string::npos);
    }
  }

  TEST_CASE("a problem quotes what the file says, not what the environment holds") {
    const auto environment = environment_of(
        {{"KEY", "k"}, {"SECRET", std::string{secret_text}}, {"URL", "gopher://s3cret"}});
    const auto file =
        parse_agent_file(std::string{preamble} +
                             "agents: {a: {model: m, tools: t}}\n"
                             "tools: {t: {kind: http, description: d, url: \"${URL}\"}}\n",
                         "agent.yaml", {}, environment);
    CHECK(problems_of(file) ==
          "agent.yaml:7:46: tools.t.url: \"${URL}\" is no address; it looks like "
          "https://host/path\n");
  }

  TEST_CASE("variables, defaults and plain dollars are replaced in every value") {
    const auto file = parse_agent(
        "    instructions: \"${NAME:-Miller} costs $${5} ${SECRET:-x}\"\n"
        "limits: {concurrent_calls: \"${N:-50}\"}\n");
    REQUIRE_MESSAGE(file, problems_of(file));
    CHECK(file->agents.at("support").instructions ==
          "Miller costs ${5} " + std::string{secret_text});
    CHECK(file->limits.concurrent_calls == 50);
    CHECK(problems_of(parse_agent("    voice: ${NAME\n")).find("without its \"}\"") !=
          std::string::npos);
    CHECK(problems_of(parse_agent("    voice: ${NO NAME}\n")).find("no name") != std::string::npos);
  }

  TEST_CASE("turn detection that the API refuses on the telephone is explained") {
    for (const char* const field :
         {"threshold: 0.5", "prefix_padding_ms: 300", "silence_duration_ms: 500"}) {
      CAPTURE(field);
      const std::string own =
          problems_of(parse_agent(std::string{"    turn_detection: {"} + field + "}\n"));
      CHECK(own.find("refused by the API on telephone calls") != std::string::npos);
      const std::string passed = problems_of(
          parse_agent(std::string{"    turn_detection: {api_fields: {"} + field + "}}\n"));
      CHECK(passed.find("refused by the API on telephone calls") != std::string::npos);
    }
  }

  TEST_CASE("turn detection is read in its short and its long form") {
    const auto word = parse_agent("    turn_detection: semantic_vad\n");
    REQUIRE_MESSAGE(word, problems_of(word));
    CHECK(word->agents.at("support").turn_detection.at("type") == "semantic_vad");
    const auto off = parse_agent("    turn_detection: off\n");
    REQUIRE_MESSAGE(off, problems_of(off));
    CHECK(off->agents.at("support").turn_detection == boost::json::value(false));
    const auto map =
        parse_agent("    turn_detection: {idle_timeout: 6s, create_response: false}\n");
    REQUIRE_MESSAGE(map, problems_of(map));
    const auto& detection = map->agents.at("support").turn_detection;
    CHECK(detection.at("idle_timeout_ms") == 6000);
    CHECK(detection.at("create_response") == false);
    CHECK_FALSE(parse_agent("    turn_detection: {idle_timeout: 60s}\n"));
    CHECK_FALSE(parse_agent("    turn_detection: {eagerness: low}\n"));
  }

  TEST_CASE("Azure is found by its resource and has its own key header") {
    const auto file = parse(R"(
provider: {kind: azure, resource: res, api_key: "${KEY}"}
webhook: {secrets: "${SECRET}"}
agents: {a: {model: deployment}}
)");
    REQUIRE_MESSAGE(file, problems_of(file));
    CHECK(file->provider.api_base == "https://res.openai.azure.com/openai/v1");
    CHECK(file->provider.key_header == offhook::openai::KeyHeader::api_key);
    const auto live = parse(R"(
provider: {kind: azure, api_key: "${KEY}", region: eu}
webhook: {secrets: "${SECRET}", cert: c.pem}
agents: {a: {model: m, api: live}}
)");
    const std::string problems = problems_of(live);
    CHECK(problems.find("resource is missing") != std::string::npos);
    CHECK(problems.find("provider.region") != std::string::npos);
    CHECK(problems.find("agents.a.api: Azure does not offer the live API") != std::string::npos);
    CHECK(problems.find("cert and key belong together") != std::string::npos);
  }

  TEST_CASE("what belongs together is checked together") {
    const std::string problems =
        problems_of(parse_agent(R"(    tools: [transfer, send_digits, hang_up, hang_up]
    hold_sound: music.wav
    delegation: {type: client}
    session: {audio: {output: {format: {type: audio/pcmu}}}, model: other}
  second: {model: m, api: live, tools: [hang_up], turn_detection: off, limits: {tokens: 9}}
tools:
  a: {kind: transfer, url: "https://x.example/"}
  b: {kind: http, description: d, url: "http://elsewhere.example/"}
  c: {kind: command, parameters: {type: object, properties: {x: {type: strng}}}}
  "d e": {kind: function, description: d}
control: {listen: "0.0.0.0:80", token: t}
)"));
    for (const char* const expected :
         {"\"transfer\" needs a declaration", "send_digits needs api: live", "named twice",
          "hold_sound: needs api: live", "delegation: only for api: live",
          "session: model has a place of its own", "decided by SDP",
          "second.tools: a live model calls none by itself", "second.turn_detection: a live model",
          "second.limits.tokens: limits nothing here: a live model counts in seconds",
          "tools.a.url: is only for kind: http", "targets is missing", "must begin with https://",
          "command is missing", "properties.x.type: \"strng\" is no type", "letters, digits",
          "control.listen: \"0.0.0.0:80\" must be an address of this machine",
          "routing: is missing"}) {
      CAPTURE(problems);
      CAPTURE(expected);
      CHECK(problems.find(expected) != std::string::npos);
    }
  }

  TEST_CASE("limits, retention, routing and prices are read") {
    const auto file = parse_agent(R"(    limits: {tokens: 7}
limits:
  concurrent_calls: 9
  call: {seconds: 10m, tokens: 5, goodbye: Bye., goodbye_time: 3s}
  caller: {concurrent_calls: 1, calls: 2, seconds: 1h, tokens: 3}
  day: {seconds: off, tokens: 4}
  reject: 480
keep: {calls: forever, transcripts: off, events: 12h}
numbers: {called: X-Dialled}
routing:
  - {called: "+1*", caller: ["+2*", "+3*"], headers: {X-A: "b?"}, agent: support}
  - reject: 404
prices: {m: {input_text: 4, minute: 0.5}}
)");
    REQUIRE_MESSAGE(file, problems_of(file));
    const CallLimits& call = file->agents.at("support").limits;
    CHECK(call.seconds == 10min);
    CHECK(call.tokens == 7);
    CHECK(call.goodbye == "Bye.");
    CHECK(call.goodbye_time == 3s);
    CHECK(file->limits.concurrent_calls == 9);
    CHECK(file->limits.concurrent_calls_of_caller == 1);
    CHECK(file->limits.caller_day.seconds == 3600);
    CHECK(file->limits.day.seconds == 0);
    CHECK(file->limits.day.tokens == 4);
    CHECK(file->limits.reject_code == 480);
    CHECK(file->keep.calls.recorded);
    CHECK(file->keep.calls.keep == 0s);
    CHECK_FALSE(file->keep.transcripts.recorded);
    CHECK(file->keep.events.keep == 12h);
    CHECK(file->keep.tools.keep == 720h);
    CHECK(file->numbers.called == std::vector<std::string>{"X-Dialled"});
    CHECK(file->numbers.caller == NumberSources{}.caller);
    REQUIRE(file->routing.size() == 2);
    CHECK(file->routing[0].caller.size() == 2);
    CHECK(file->routing[1].reject_code == 404);
    CHECK(file->prices.at("m").input_text == 4);
  }

  TEST_CASE("routing names agents that are there, and each rule decides one way") {
    const std::string problems = problems_of(parse_agent(R"(routing:
  - agent: suport
  - {agent: support, reject: 486}
  - called: "*"
  - reject: 200
)"));
    CHECK(problems.find("routing[0].agent: \"suport\" is no agent of this file (did you mean "
                        "\"support\"?)") != std::string::npos);
    CHECK(problems.find("routing[1]: needs either agent or reject") != std::string::npos);
    CHECK(problems.find("routing[2]: needs either agent or reject") != std::string::npos);
    CHECK(problems.find("routing[3].reject: \"200\" must be a whole number from 300 to 699") !=
          std::string::npos);
  }

  TEST_CASE("text that is no YAML, or unfolds without end, is one problem") {
    CHECK(problems_of(parse("a: [")).starts_with("agent.yaml:1:"));
    CHECK_FALSE(parse("").has_value());
    CHECK_FALSE(parse("just words").has_value());
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
      bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
      for (int j = 0; j < 10; ++j) {
        bomb += (j == 0 ? "*a" : ", *a") + std::to_string(i - 1);
      }
      bomb += "]\n";
    }
    CHECK(problems_of(parse(bomb)).find("too large") != std::string::npos);
  }

  TEST_CASE("the examples are valid, and the documentation is that of the parser") {
    const auto environment = environment_of({{"OPENAI_API_KEY", "k"},
                                             {"OPENAI_WEBHOOK_SECRET", std::string{secret_text}},
                                             {"AZURE_OPENAI_API_KEY", "k"},
                                             {"AZURE_WEBHOOK_SECRET", std::string{secret_text}},
                                             {"TRUNK_USERNAME", "u"},
                                             {"TRUNK_PASSWORD", "p"},
                                             {"OFFHOOK_TOKEN", "t"}});
    const std::string root{OFFHOOK_SOURCE_FOLDER};
    for (const char* const name : {"agent", "agent-azure", "agent-dial", "agent-live"}) {
      const auto file = load_agent_file(root + "/examples/" + name + ".yaml", environment);
      CHECK_MESSAGE(file, problems_of(file));
      if (file) {
        CHECK(check_named_files(*file).empty());
        CHECK(make_provider(file->provider));
        CHECK(file->journal == root + "/examples/offhook.db");
      }
    }
    const auto read = [&](const std::string& path) {
      std::ifstream file{root + path};
      return std::string{std::istreambuf_iterator<char>{file}, {}};
    };
    // Written anew by: offhook check --fields, offhook check --schema
    CHECK(read("/docs/agent-file.md").ends_with("\n\n" + file::published_table()));
    CHECK(read("/docs/agent.schema.json") ==
          offhook::json_text(file::published_schema(), 2) + "\n");
  }

  TEST_CASE("instructions come from a file beside the agent file") {
    const std::string folder =
        (std::filesystem::temp_directory_path() / ("agent_file." + std::to_string(::getpid())))
            .string();
    std::filesystem::create_directory(folder);
    std::ofstream{folder + "/words.txt"} << "Be ${brief}.";
    std::ofstream{folder + "/agent.yaml"}
        << preamble << "agents: {a: {model: m, instructions_file: words.txt}}\n";
    const auto environment = environment_of({{"KEY", "k"}, {"SECRET", std::string{secret_text}}});
    const auto file = load_agent_file(folder + "/agent.yaml", environment);
    std::filesystem::remove(folder + "/words.txt");
    const auto without = load_agent_file(folder + "/agent.yaml", environment);
    std::filesystem::remove_all(folder);
    REQUIRE_MESSAGE(file, problems_of(file));
    CHECK(file->agents.at("a").instructions == "Be ${brief}.");
    CHECK(problems_of(without).find("instructions_file: is no file that can be read") !=
          std::string::npos);
    CHECK_FALSE(load_agent_file(folder + "/agent.yaml", environment));
  }
}
