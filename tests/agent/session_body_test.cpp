#include "agent/session_body.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

using namespace offhook::agent;
namespace json = boost::json;

namespace {

AgentProfile full_profile() {
  AgentProfile profile;
  profile.model = "gpt-realtime-2.1";
  profile.instructions = "Be brief.";
  profile.voice = "marin";
  profile.languages = {"en"};
  profile.turn_detection = {{"type", "semantic_vad"}};
  profile.transcription = "gpt-4o-mini-transcribe";
  profile.noise_reduction = "near_field";
  ToolConfig tool;
  tool.name = "lookup";
  tool.description = "Finds.";
  tool.parameters = {{"type", "object"}};
  profile.tools = {tool};
  profile.mcp_servers = {json::object{{"type", "mcp"}, {"server_label", "docs"}}};
  profile.session = json::parse(R"({"audio":{"output":{"speed":1.1},"input":{"transcription":
                                    {"prompt":"bikes"}}},"tool_choice":"auto"})")
                        .as_object();
  return profile;
}

}  // namespace

TEST_SUITE("session body") {
  TEST_CASE("of realtime is flat and says everything but audio formats") {
    CHECK(session_body(full_profile()) == json::parse(R"({
      "type":"realtime","model":"gpt-realtime-2.1","instructions":"Be brief.",
      "audio":{"input":{"turn_detection":{"type":"semantic_vad"},
                        "transcription":{"model":"gpt-4o-mini-transcribe","language":"en",
                                         "prompt":"bikes"},
                        "noise_reduction":{"type":"near_field"}},
               "output":{"voice":"marin","speed":1.1}},
      "tools":[{"type":"function","name":"lookup","description":"Finds.",
                "parameters":{"type":"object"}},{"type":"mcp","server_label":"docs"}],
      "tool_choice":"auto"})"));
    CHECK(session_problems(full_profile()).empty());
  }

  TEST_CASE("leaves out what is not said, and switches turn detection off by null") {
    AgentProfile profile;
    profile.model = "m";
    CHECK(session_body(profile) == json::parse(R"({"type":"realtime","model":"m"})"));
    profile.turn_detection = false;
    CHECK(session_body(profile).at("audio") == json::parse(R"({"input":{"turn_detection":null}})"));
    profile.voice = "voice_abc";
    profile.transcription = "t";
    profile.languages = {"en", "de"};
    const json::object body = session_body(profile);
    CHECK(body.at("audio").at("output").at("voice") == json::parse(R"({"id":"voice_abc"})"));
    CHECK(body.at("audio").at("input").at("transcription") ==
          json::parse(R"({"model":"t","languages":["en","de"]})"));
  }

  TEST_CASE("further session fields never win over the profile's own") {
    AgentProfile profile = full_profile();
    profile.session =
        json::parse(R"({"model":"other","audio":{"output":{"voice":"ash"}}})").as_object();
    const json::object body = session_body(profile);
    CHECK(body.at("model") == "gpt-realtime-2.1");
    CHECK(body.at("audio").at("output").at("voice") == "marin");
    CHECK(session_problems(profile).size() == 2);
  }

  TEST_CASE("of live is wrapped, and its tools go to the model that it delegates to") {
    AgentProfile profile = full_profile();
    profile.api = Api::live;
    profile.turn_detection = nullptr;
    profile.transcription.clear();
    profile.noise_reduction.clear();
    CHECK(session_problems(profile).size() == 2);  // languages, and nobody to call the tools
    profile.languages.clear();
    profile.session = {{"store", true}};
    profile.delegation =
        json::parse(
            R"({"type":"responses","responses":{"model":"r","tools":[{"type":"web_search"}]}})")
            .as_object();
    CHECK(session_body(profile) == json::parse(R"({"session":{
      "type":"live","model":"gpt-realtime-2.1","instructions":"Be brief.",
      "audio":{"output":{"voice":"marin"}},
      "delegation":{"type":"responses","responses":{"model":"r","tools":[{"type":"web_search"},
        {"type":"function","name":"lookup","description":"Finds.","parameters":{"type":"object"}},
        {"type":"mcp","server_label":"docs"}]}},
      "store":true}})"));
    CHECK(session_problems(profile).empty());
  }

  TEST_CASE("of live without delegation is answered by ourselves") {
    AgentProfile profile;
    profile.api = Api::live;
    profile.model = "gpt-live-1";
    CHECK(
        session_body(profile) ==
        json::parse(
            R"({"session":{"type":"live","model":"gpt-live-1","delegation":{"type":"client"}}})"));
    CHECK(session_problems(profile).empty());
    profile.delegation = {{"type", "responses"}};
    CHECK(session_problems(profile).at(0).starts_with("delegation: "));
  }
}
