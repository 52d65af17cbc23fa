#include "agent/dialogue/server_tools.hpp"

#include <string>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "base/json.hpp"

namespace {

using namespace std::chrono_literals;
using namespace offhook;
using namespace offhook::agent;

constexpr ServerTools::Time start{1h};

void feed(ServerTools& tools, const std::string& text) {
  tools.on_event(openai::parse_realtime_event(text).value(), start);
}

void write_arguments(ServerTools& tools, const std::string& item) {
  feed(tools, R"({"type":"response.mcp_call_arguments.done","response_id":"r1","arguments":"{}",
                  "item_id":")" +
                  item + R"("})");
}

constexpr const char* done =
    R"({"type":"response.done","response":{"id":"r1","status":"completed"}})";
constexpr const char* request = R"({"type":"conversation.item.done","item":{"id":"mcpr_1",
    "type":"mcp_approval_request","server_label":"shop","name":"look_up","arguments":"{}"}})";

}  // namespace

TEST_SUITE("Server tools") {
  TEST_CASE("want a response once the response is done and all its calls have returned") {
    ServerTools tools;
    write_arguments(tools, "a");
    write_arguments(tools, "b");
    feed(tools, R"({"type":"response.mcp_call.completed","item_id":"a","output_index":0})");
    feed(tools, done);
    CHECK_FALSE(tools.take_response_wanted());
    feed(tools, R"({"type":"response.mcp_call.failed","item_id":"b","output_index":1})");
    CHECK(tools.take_response_wanted());
    CHECK_FALSE(tools.take_response_wanted());
  }

  TEST_CASE("want none after a response that was stopped, or without calls") {
    ServerTools tools;
    feed(tools, done);
    CHECK_FALSE(tools.take_response_wanted());
    write_arguments(tools, "a");
    feed(tools, R"({"type":"response.done","response":{"id":"r1","status":"cancelled"}})");
    feed(tools, R"({"type":"response.mcp_call.completed","item_id":"a","output_index":0})");
    CHECK_FALSE(tools.take_response_wanted());
  }

  TEST_CASE("refuse an approval that nobody gives") {
    ServerTools tools;
    CHECK_FALSE(tools.deadline());
    feed(tools, request);
    REQUIRE(tools.deadline());
    tools.on_time(*tools.deadline() - 1ms);
    CHECK(tools.take_events().empty());
    tools.on_time(*tools.deadline());
    const auto events = tools.take_events();
    REQUIRE(events.size() == 1);
    const auto refusal = boost::json::parse(events.front());
    CHECK(json_string(refusal, "item.approval_request_id") == "mcpr_1");
    CHECK(*json_at(refusal, "item.approve") == false);
    CHECK_FALSE(tools.deadline());
    const auto steps = tools.take_steps();
    REQUIRE(steps.size() == 1);
    CHECK(steps.front().name == "mcp.approval_requested");
    CHECK(steps.front().detail.at("server") == "shop");
  }

  TEST_CASE("leave a request alone that somebody answered") {
    ServerTools tools;
    feed(tools, request);
    feed(tools, R"({"type":"conversation.item.done","item":{"id":"x","type":"mcp_approval_response",
                    "approval_request_id":"mcpr_1","approve":true}})");
    CHECK_FALSE(tools.deadline());
    CHECK(tools.take_steps().back().detail.at("approved") == true);
  }

  TEST_CASE("tell calls that failed, and survive odd events") {
    ServerTools tools;
    feed(tools,
         R"({"type":"conversation.item.done","item":{"id":"a","type":"mcp_call","name":"look_up",
                    "server_label":"shop","error":{"type":"http_error","message":"late"}}})");
    CHECK(tools.take_steps().back().detail.at("error") == "late");
    for (const char* odd : {R"({"type":"response.done"})", R"({"type":"conversation.item.done"})",
                            R"({"type":"response.mcp_call.completed"})",
                            R"({"type":"conversation.item.done","item":7})"}) {
      feed(tools, odd);
    }
    CHECK_FALSE(tools.take_response_wanted());
  }
}
