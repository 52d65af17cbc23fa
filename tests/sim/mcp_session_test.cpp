// What a session tells of its servers of tools; the servers are played by hand.
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "session_probe.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using Types = std::vector<std::string>;

constexpr std::string_view offered = R"([
    {"name":"roll","description":"Rolls a die.","annotations":{"readOnlyHint":true},
     "input_schema":{"type":"object","properties":{"sides":{"type":"integer"}}}},
    {"name":"burn","description":"","annotations":null,"input_schema":{}}])";

std::string session(std::string_view more) {
  return R"({"type":"realtime","tools":[{"type":"mcp","server_label":"dice",)"
         R"("server_url":"https://dice.example/mcp","authorization":"tok-1",)"
         R"("headers":{"X-Key":"tok-2"})" +
         std::string{more} + "}]}";
}

PersonaScript script() {
  return parse_persona(
             "rules: [{hears: 'roll (.+)', call: roll, arguments: {sides: $1}},"
             " {hears: burn, call: burn}]",
             "test")
      .value();
}

SessionProbe listed(std::string_view more) {
  SessionProbe probe{session(more), Persona{script(), {}}};
  static_cast<void>(probe.attach());
  probe.pass(20ms);
  probe.list(json::parse(offered).as_array());
  probe.skip();
  return probe;
}

/// The caller's words, answered.
void hear(SessionProbe& probe, const std::string& words) {
  probe.client(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",)"
               R"("content":[{"type":"input_text","text":")" +
               words + R"("}]}})");
  probe.client(R"({"type":"response.create"})");
  probe.pass(500ms);
}

constexpr std::string_view never = R"(,"require_approval":"never")";

TEST_SUITE("MCP session") {
  TEST_CASE("asks its servers once somebody watches, and lists what they offer") {
    SessionProbe probe{session(R"(,"allowed_tools":["roll"])"), Persona{script(), {}}};
    probe.pass(1s);
    CHECK(probe.listings.empty());
    const std::string created = json::serialize(probe.attach());
    CHECK(created.find("tok-") == std::string::npos);
    CHECK(created.find(R"("headers":{"X-Key":"<redacted>"})") != std::string::npos);
    probe.pass(20ms);
    CHECK(probe.types() == Types{"mcp_list_tools.in_progress", "conversation.item.added"});
    REQUIRE(probe.listings.size() == 1);
    CHECK(probe.listings.front().tool.at("authorization") == "tok-1");
    probe.list(json::parse(offered).as_array());
    CHECK(probe.types() == Types{"conversation.item.done", "mcp_list_tools.completed"});
    const json::value done = probe.last("conversation.item.done");
    CHECK(path(done, "item.type") == R"("mcp_list_tools")");
    CHECK(json_at(done, "item.tools")->as_array().size() == 1);
    probe.pass(1s);
    CHECK(probe.listings.size() == 1);
  }

  TEST_CASE("tells that a server failed, and asks it again when it is named again") {
    SessionProbe probe{session(never)};
    static_cast<void>(probe.attach());
    probe.pass(20ms);
    probe.list(tl::unexpected{McpFailure{"http_error", 502, "refused"}});
    CHECK(probe.types() == Types{"mcp_list_tools.in_progress", "conversation.item.added",
                                 "conversation.item.done", "mcp_list_tools.failed"});
    probe.client(R"({"type":"session.update","session":{"type":"realtime",
                    "tools":[{"type":"mcp","server_label":"dice"}]}})");
    probe.pass(20ms);
    REQUIRE(probe.listings.size() == 2);
    CHECK(probe.listings.back().tool.at("authorization") == "tok-1");
  }

  TEST_CASE("refuses tools that name no server, two servers, a label twice or two keys") {
    SessionProbe probe;
    const auto refused = [&](std::string_view tools) {
      probe.client(R"({"type":"session.update","session":{"type":"realtime","tools":)" +
                   std::string{tools} + "}}");
      return path(probe.last("error"), "error.param");
    };
    CHECK(refused(R"([{"type":"mcp","server_label":"a"}])") == R"("session.tools[0].server_url")");
    CHECK(
        refused(
            R"([{"type":"mcp","server_label":"a","server_url":"https://a/","connector_id":"b"}])") ==
        R"("session.tools[0]")");
    CHECK(refused(R"([{"type":"mcp","server_label":"a","server_url":"https://a/"},
                      {"type":"mcp","server_label":"a","server_url":"https://a/"}])") ==
          R"("session.tools[1].server_label")");
    CHECK(
        refused(R"([{"type":"mcp","server_label":"a","server_url":"https://a/","authorization":"x",
                       "headers":{"authorization":"y"}}])") == R"("session.tools[0].headers")");
    CHECK(refused(R"([{"type":"mcp","server_url":"https://a/"}])") ==
          R"("session.tools[0].server_label")");
    CHECK(refused(R"([{"type":"mcp","server_label":"a","server_url":"nowhere"}])") ==
          R"("session.tools[0].server_url")");
    CHECK(probe.count("session.updated") == 0);
  }

  TEST_CASE("calls a tool within the response, and says what it returned in the next") {
    SessionProbe probe = listed(never);
    hear(probe, "roll 20");
    const auto begun = probe.types();
    CHECK(begun.back() == "response.mcp_call.in_progress");
    CHECK(begun.at(begun.size() - 2) == "response.mcp_call_arguments.done");
    REQUIRE(probe.tool_calls.size() == 1);
    CHECK(probe.tool_calls.front().server == "dice");
    CHECK(probe.tool_calls.front().arguments == R"({"sides":20})");
    probe.give("You rolled 17.");
    CHECK(probe.types() == Types{"response.mcp_call.completed", "conversation.item.done",
                                 "response.output_item.done", "response.done",
                                 "rate_limits.updated"});
    CHECK(path(probe.last("response.done"), "response.output") ==
          R"([{"id":)" + path(probe.last("response.output_item.done"), "item.id") +
              R"(,"type":"mcp_call","server_label":"dice","name":"roll",)"
              R"("arguments":"{\"sides\":20}","approval_request_id":null,)"
              R"("output":"You rolled 17.","error":null}])");
    probe.pass(1s);
    CHECK(probe.count("response.created") == 1);  // nothing follows by itself
    probe.client(R"({"type":"response.create"})");
    CHECK(probe.said.back() == "The answer is: You rolled 17..");
  }

  TEST_CASE("tells that a tool failed") {
    SessionProbe probe = listed(never);
    hear(probe, "roll 20");
    probe.give(tl::unexpected{McpFailure{"tool_execution_error", 0, "the die is lost"}});
    CHECK(probe.count("response.mcp_call.failed") == 1);
    CHECK(path(probe.last("response.output_item.done"), "item.error") ==
          R"({"type":"tool_execution_error","message":"the die is lost"})");
    probe.client(R"({"type":"response.create"})");
    CHECK(probe.said.back().find("the die is lost") != std::string::npos);
  }

  TEST_CASE("asks for approval behind the call, and makes it when it is given") {
    SessionProbe probe = listed({});  // OpenAI's default is always
    hear(probe, "roll 20");
    CHECK(probe.tool_calls.empty());
    const json::value request = probe.last("conversation.item.done");
    REQUIRE(path(request, "item.type") == R"("mcp_approval_request")");
    CHECK(path(request, "item.arguments") == R"("{\"sides\":20}")");
    const std::string id{json_string(request, "item.id")};
    CHECK(path(probe.last("response.done"), "response.status") == R"("completed")");
    CHECK(path(probe.last("response.output_item.done"), "item.approval_request_id") ==
          '"' + id + '"');
    probe.skip();
    probe.client(R"({"type":"conversation.item.create","item":{"type":"mcp_approval_response",)"
                 R"("approve":true,"approval_request_id":")" +
                 id + R"("}})");
    CHECK(probe.types() == Types{"conversation.item.added", "conversation.item.done",
                                 "response.mcp_call.in_progress"});
    probe.give("17");
    CHECK(probe.types() == Types{"response.mcp_call.completed", "conversation.item.done"});
    CHECK(path(probe.last("conversation.item.done"), "item.output") == R"("17")");
    probe.client(R"({"type":"response.create"})");
    CHECK(probe.said.back() == "The answer is: 17.");
    probe.client(R"({"type":"conversation.item.create","item":{"type":"mcp_approval_response",)"
                 R"("approve":true,"approval_request_id":")" +
                 id + R"("}})");
    CHECK(path(probe.last("error"), "error.param") == R"("item.approval_request_id")");
  }

  TEST_CASE("makes no call that is not approved") {
    SessionProbe probe = listed(R"(,"require_approval":"always")");
    hear(probe, "burn it");
    const std::string id{json_string(probe.last("conversation.item.done"), "item.id")};
    probe.skip();
    probe.client(R"({"type":"conversation.item.create","item":{"type":"mcp_approval_response",)"
                 R"("approve":false,"reason":"too hot","approval_request_id":")" +
                 id + R"("}})");
    CHECK(probe.types() == Types{"conversation.item.added", "conversation.item.done",
                                 "response.mcp_call.failed", "conversation.item.done"});
    CHECK(probe.tool_calls.empty());
    CHECK(path(probe.last("conversation.item.done"), "item.error.message") ==
          R"("The call was not approved: too hot")");
  }

  TEST_CASE("asks for approval of what the filters name") {
    SessionProbe probe = listed(R"(,"require_approval":{"never":{"read_only":true}})");
    hear(probe, "roll 6");
    CHECK(probe.tool_calls.size() == 1);
    probe.give("6");
    probe.client(R"({"type":"response.create"})");
    probe.pass(1s);
    hear(probe, "burn it");
    CHECK(probe.tool_calls.size() == 1);
    CHECK(path(probe.last("conversation.item.done"), "item.type") == R"("mcp_approval_request")");
  }

  TEST_CASE("lets a call that was begun go on when its response is cancelled") {
    SessionProbe probe = listed(never);
    hear(probe, "roll 20");
    probe.client(R"({"type":"response.cancel"})");
    CHECK(path(probe.last("response.done"), "response.status") == R"("cancelled")");
    probe.skip();
    probe.give("17");
    CHECK(probe.types() == Types{"response.mcp_call.completed", "conversation.item.done"});
    CHECK(path(probe.last("conversation.item.done"), "item.output") == R"("17")");
  }

  TEST_CASE("calls what tool_choice names, and nothing where it says none") {
    SessionProbe probe = listed(never);
    probe.client(R"({"type":"response.create","response":{
                    "tool_choice":{"type":"mcp","server_label":"dice","name":"burn"}}})");
    probe.pass(200ms);
    REQUIRE(probe.tool_calls.size() == 1);
    CHECK(probe.tool_calls.front().name == "burn");
    probe.give("gone");
    probe.client(R"({"type":"response.create","response":{"tool_choice":"none","input":[
                    {"type":"message","role":"user",
                     "content":[{"type":"input_text","text":"roll 20"}]}]}})");
    probe.pass(1s);
    CHECK(probe.tool_calls.size() == 1);
    CHECK(probe.said.back() == "I heard: roll 20.");
  }

  TEST_CASE("offers servers' tools to a chat model, and shows it what they returned") {
    SessionProbe probe{session(never), Persona{script(), {}}, true};
    static_cast<void>(probe.attach());
    probe.pass(20ms);
    probe.list(json::parse(offered).as_array());
    hear(probe, "a die please");
    REQUIRE(probe.thoughts.size() == 1);
    const json::value asked(probe.thoughts.back().request);
    CHECK(json_at(asked, "tools")->as_array().size() == 2);
    probe.think(whole(CallFunction{"roll", R"({"sides":6})"}));
    probe.pass(500ms);
    REQUIRE(probe.tool_calls.size() == 1);
    probe.give("5");
    probe.client(R"({"type":"response.create"})");
    const json::value again(probe.thoughts.back().request);
    const auto& messages = json_at(again, "messages")->as_array();
    CHECK(json_string(messages.back(), "role") == "tool");
    CHECK(json_string(messages.back(), "content") == "5");
  }
}

}  // namespace
}  // namespace offhook::sim
