#include "sim/brain.hpp"

#include <chrono>
#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "session_probe.hpp"
#include "sim/chat.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* shop = R"({"type":"realtime","instructions":"You run a shop.",
    "tools":[{"type":"function","name":"look_up","description":"Looks up.",
              "parameters":{"type":"object"}}]})";

SessionProbe thinker() { return SessionProbe{shop, Persona{std::vector<std::string>{}}, true}; }

void write(SessionProbe& probe, const std::string& text) {
  const boost::json::object part{{"type", "input_text"}, {"text", text}};
  const boost::json::object item{
      {"type", "message"}, {"role", "user"}, {"content", boost::json::array{part}}};
  probe.client(boost::json::serialize(
      boost::json::object{{"type", "conversation.item.create"}, {"item", item}}));
  probe.client(R"({"type":"response.create"})");
}

std::string said(const Result<Reply>& reply) {
  if (!reply) {
    return "error: " + reply.error().detail;
  }
  std::string text;
  const auto* const say = std::get_if<Say>(&*reply);
  const CallFunction* const first = std::get_if<CallFunction>(&*reply);
  if (first != nullptr) {
    text = first->name + first->arguments;
  } else {
    text = say->text;
  }
  for (const CallFunction& call : first != nullptr ? first->also : say->also) {
    text += " + " + call.name + call.arguments;
  }
  return text;
}

TEST_SUITE("Brain") {
  TEST_CASE("is asked with instructions, conversation and tools, and its words are said") {
    SessionProbe probe = thinker();
    write(probe, "Where is my order?");
    REQUIRE(probe.thoughts.size() == 1);
    CHECK(boost::json::serialize(probe.thoughts.back().request) ==
          R"({"messages":[{"role":"system","content":"You run a shop."},)"
          R"({"role":"user","content":"Where is my order?"}],"stream":false,)"
          R"("tools":[{"type":"function","function":{"name":"look_up","description":"Looks up.",)"
          R"("parameters":{"type":"object"}}}],"tool_choice":"auto"})");
    CHECK(probe.count("response.created") == 1);
    CHECK(probe.count("response.output_item.added") == 0);
    probe.think(Reply{Say{"Which number?"}});
    probe.pass(1s);
    CHECK(probe.said.back() == "Which number?");
    CHECK(path(probe.last("response.done"), "response.status") == R"("completed")");
  }

  TEST_CASE("has its calls made by the controller, and gets their outputs") {
    SessionProbe probe = thinker();
    write(probe, "Order 7?");
    probe.think(Reply{CallFunction{"look_up", R"({"id":7})"}});
    probe.pass(1s);
    const auto called = probe.last("response.function_call_arguments.done");
    const std::string id{json_string(called, "call_id")};
    probe.client(R"({"type":"conversation.item.create","item":{"type":"function_call_output",)"
                 R"("output":"sent","call_id":")" +
                 id + R"("}})");
    probe.client(R"({"type":"response.create"})");
    const boost::json::value asked(probe.thoughts.back().request);
    const auto& messages = json_at(asked, "messages")->as_array();
    REQUIRE(messages.size() == 4);
    CHECK(boost::json::serialize(messages[2]) ==
          R"({"role":"assistant","content":null,"tool_calls":[{"id":")" + id +
              R"(","type":"function","function":{"name":"look_up","arguments":"{\"id\":7}"}}]})");
    CHECK(boost::json::serialize(messages[3]) ==
          R"({"role":"tool","tool_call_id":")" + id + R"(","content":"sent"})");
  }

  TEST_CASE("sees outputs right behind their calls, whatever was said meanwhile") {
    SessionProbe probe = thinker();
    write(probe, "Order 7?");
    probe.think(Reply{CallFunction{"look_up", R"({"id":7})"}});
    probe.pass(1s);
    const auto called = probe.last("response.function_call_arguments.done");
    const std::string id{json_string(called, "call_id")};
    write(probe, "Are you there?");
    CHECK(probe.thoughts.size() == 2);
    const auto roles = [&] {
      std::string list;
      const boost::json::value asked(probe.thoughts.back().request);
      for (const auto& message : json_at(asked, "messages")->as_array()) {
        list += std::string{json_string(message, "role")} + " ";
      }
      return list;
    };
    CHECK(roles() == "system user assistant tool user ");
    probe.think(Reply{Say{"Yes."}});
    probe.pass(1s);
    probe.client(R"({"type":"conversation.item.create","item":{"type":"function_call_output",)"
                 R"("output":"sent","call_id":")" +
                 id + R"("}})");
    probe.client(R"({"type":"response.create"})");
    CHECK(roles() == "system user assistant tool user assistant ");
    CHECK(boost::json::serialize(probe.thoughts.back().request).find("sent") != std::string::npos);
  }

  TEST_CASE("that fails is apologised for, and what is dictated does not need it") {
    SessionProbe probe = thinker();
    probe.client(R"({"type":"response.create","response":{"instructions":"Say Hi."}})");
    CHECK(probe.thoughts.empty());
    CHECK(probe.said.back() == "Hi.");
    probe.pass(1s);
    write(probe, "And now?");
    probe.think(fail(Errc::timed_out, "too slow"));
    CHECK(probe.said.back() == "Sorry, I cannot answer that right now.");
  }

  TEST_CASE("that answers after the response was cancelled is not heard") {
    SessionProbe probe = thinker();
    write(probe, "Hm?");
    probe.client(R"({"type":"response.cancel"})");
    CHECK(path(probe.last("response.done"), "response.output") == "[]");
    probe.think(Reply{Say{"Too late."}});
    CHECK(probe.said.empty());
  }

  TEST_CASE("may answer whole or as a stream, with words, calls, or both") {
    CHECK(said(read_chat_answer(R"({"choices":[{"message":{"content":"Hi"}}]})")) == "Hi");
    CHECK(said(read_chat_answer(R"({"choices":[{"message":{"content":null,"tool_calls":[
              {"id":"1","function":{"name":"a","arguments":"{}"}},
              {"id":"2","function":{"name":"b","arguments":"[]"}}]}}]})")) == "a{} + b[]");
    CHECK(said(read_chat_answer("data: {\"choices\":[{\"delta\":{\"content\":\"One \"}}]}\n\n"
                                "data: {\"choices\":[{\"delta\":{\"content\":\"two\"}}]}\n\n"
                                "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,"
                                "\"function\":{\"name\":\"c\",\"arguments\":\"{\"}}]}}]}\n\n"
                                "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,"
                                "\"function\":{\"arguments\":\"}\"}}]}}]}\n\ndata: [DONE]\n")) ==
          "One two + c{}");
    CHECK(said(read_chat_answer(R"({"error":{"message":"no model"}})")) == "error: no model");
    CHECK(said(read_chat_answer("<html>")).starts_with("error: "));
    CHECK(said(read_chat_answer(R"({"choices":[{"message":{"content":" "}}]})"))
              .starts_with("error: "));
  }

  TEST_CASE("is found at the address that users know") {
    CHECK(brain_url("http://127.0.0.1:11434")->target == "/v1/chat/completions");
    CHECK(brain_url("http://127.0.0.1:1/v1/")->target == "/v1/chat/completions");
    CHECK(brain_url("https://h/openai/chat")->target == "/openai/chat");
    CHECK_FALSE(brain_url("ws://h"));
  }
}

}  // namespace
}  // namespace offhook::sim
