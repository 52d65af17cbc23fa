#include "agent/dialogue/function_calls.hpp"

#include <string>
#include <variant>
#include <vector>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

namespace {

using namespace std::chrono_literals;
using namespace offhook::agent;
namespace json = boost::json;
namespace openai = offhook::openai;

ToolConfig tool(const char* name, ToolConfig::Kind kind = ToolConfig::Kind::function) {
  ToolConfig config;
  config.name = name;
  config.kind = kind;
  config.parameters =
      json::parse(R"({"type":"object","properties":{"n":{"type":"integer"}}})").as_object();
  return config;
}

std::string call(const std::string& id,
                 const std::string& name,
                 const std::string& arguments = "{}") {
  return R"({"type":"function_call","status":"completed","call_id":")" + id + R"(","name":")" +
         name + R"(","arguments":")" + arguments + "\"}";
}

struct Fixture {
  std::vector<ToolConfig> tools{tool("look_up"), tool("book"),
                                tool("hang_up", ToolConfig::Kind::hang_up)};
  FunctionCalls calls{"rtc_1", tools};
  FunctionCalls::Time now{1h};

  void response(const std::string& items) {
    std::vector<openai::ConversationItem> output;
    const json::value told = json::parse("[" + items + "]");
    for (const json::value& item : told.as_array()) {
      output.push_back(openai::read_conversation_item(item));
    }
    calls.on_response("resp_1", output, now);
  }
  template <class T>
  std::vector<T> take() {
    std::vector<T> found;
    for (FunctionAction& action : calls.take_actions()) {
      if (auto* const wanted = std::get_if<T>(&action)) {
        found.push_back(std::move(*wanted));
      }
    }
    return found;
  }
};

}  // namespace

TEST_SUITE("FunctionCalls") {
  TEST_CASE("parallel calls of one response are answered once, together") {
    Fixture f;
    f.response(call("call_1", "look_up") + "," + call("call_2", "book"));
    const auto started = f.take<StartTool>();
    REQUIRE(started.size() == 2);
    CHECK(started[0].call.idempotency_key == "rtc_1:call_1");
    CHECK(started[1].call.name == "book");
    f.calls.finished("call_2", "two", f.now);
    CHECK(f.take<AnswerCalls>().empty());
    f.calls.finished("call_1", "one", f.now);
    const auto answers = f.take<AnswerCalls>();
    REQUIRE(answers.size() == 1);
    REQUIRE(answers[0].outputs.size() == 2);
    CHECK(answers[0].outputs[0].text == "one");
    CHECK(answers[0].outputs[1].text == "two");
    CHECK(answers[0].respond);
    f.calls.finished("call_1", "again", f.now);
    CHECK(f.take<AnswerCalls>().empty());
    CHECK(f.calls.idle());
  }

  TEST_CASE("calls of different responses do not wait for each other") {
    Fixture f;
    f.response(call("call_1", "look_up"));
    f.response(call("call_2", "book"));
    f.calls.finished("call_2", "two", f.now);
    CHECK(f.take<AnswerCalls>().size() == 1);
    f.calls.finished("call_1", "one", f.now);
    CHECK(f.take<AnswerCalls>().size() == 1);
  }

  TEST_CASE("a call is run once, however often it is told") {
    Fixture f;
    f.response(call("call_1", "look_up"));
    f.response(call("call_1", "look_up"));
    f.calls.on_unanswered(openai::read_conversation_item(json::parse(call("call_1", "look_up"))),
                          f.now);
    CHECK(f.take<StartTool>().size() == 1);
  }

  TEST_CASE("an unknown tool and unfit arguments are answered with what is wrong") {
    Fixture f;
    f.response(call("call_1", "fly") + "," + call("call_2", "book", R"({\"n\":\"x\"})") + "," +
               call("call_3", "book", "{oops"));
    const auto answers = f.take<AnswerCalls>();
    REQUIRE(answers.size() == 1);
    REQUIRE(answers[0].outputs.size() == 3);
    for (const auto& output : answers[0].outputs) {
      CHECK(json::parse(output.text).as_object().contains("error"));
    }
    CHECK(answers[0].outputs[0].text.find("fly") != std::string::npos);
    CHECK(answers[0].respond);
  }

  TEST_CASE("a call that the caller cut off is not run") {
    Fixture f;
    f.response(R"({"type":"function_call","status":"incomplete","call_id":"call_1",)"
               R"("name":"book","arguments":"{}"})");
    CHECK(f.take<StartTool>().empty());
  }

  TEST_CASE("a slow tool asks for its filler once") {
    Fixture f;
    f.tools[0].filler = {2s, "One moment."};
    f.response(call("call_1", "look_up"));
    REQUIRE(f.calls.deadline() == f.now + 2s);
    f.calls.on_time(f.now + 1s);
    CHECK(f.take<SayFiller>().empty());
    f.calls.on_time(f.now + 2s);
    f.calls.on_time(f.now + 3s);
    CHECK(f.take<SayFiller>().size() == 1);
  }

  TEST_CASE("hanging up tells whether a farewell was said, and asks for no further response") {
    Fixture f;
    f.response(R"({"type":"message"},)" + call("call_1", "hang_up"));
    auto actions = f.calls.take_actions();
    REQUIRE(actions.size() == 2);
    REQUIRE(std::holds_alternative<EndCall>(actions[0]));
    CHECK(std::get<EndCall>(actions[0]).said_something);
    CHECK(std::get<EndCall>(actions[0]).response_id == "resp_1");
    REQUIRE(std::holds_alternative<AnswerCalls>(actions[1]));
    CHECK_FALSE(std::get<AnswerCalls>(actions[1]).respond);
  }

  TEST_CASE("ids of outputs are stable, distinct and short enough") {
    CHECK(output_item_id("call_abc") == "out_call_abc");
    const std::string longest(200, 'x');
    CHECK(output_item_id(longest).size() <= 32);
    CHECK(output_item_id(longest) == output_item_id(longest));
    CHECK(output_item_id(longest) != output_item_id(longest + "y"));
    CHECK(output_item_id("a b").find(' ') == std::string::npos);
  }

  TEST_CASE("items that are no calls are left alone") {
    Fixture f;
    f.response(R"(7,null,{"type":"function_call"},{"type":"message","content":3})");
    f.calls.on_response("resp", {}, f.now);
    CHECK(f.calls.take_actions().empty());
    CHECK(f.calls.idle());
  }
}
