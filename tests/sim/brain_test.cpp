#include "sim/brain.hpp"

#include <chrono>
#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "session_probe.hpp"
#include "sim/chat_answer.hpp"

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

std::string told(const Result<ReplyPart>& part) {
  if (!part) {
    return "error: " + part.error().detail;
  }
  std::string text = part->words;
  for (const CallFunction& call : part->calls) {
    text += " + " + call.name + call.arguments;
  }
  return text;
}

ReplyPart words(std::string text, bool last = true) { return {std::move(text), {}, last}; }

ReplyPart call(std::string name, std::string arguments) {
  return {{}, {CallFunction{std::move(name), std::move(arguments)}}, true};
}

/// What is told of an answer that comes at once: "first|second|" and the last part.
std::string read(std::string_view body, std::size_t step = std::string::npos) {
  ChatAnswer answer;
  std::string all;
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, step);
    body.remove_prefix(piece.size());
    if (const std::string sentences = answer.feed(piece); !sentences.empty()) {
      all += sentences + '|';
    }
  }
  return all + told(answer.finish());
}

std::string delta(const std::string& json) { return "data: {\"choices\":[" + json + "]}\n\n"; }

TEST_SUITE("Brain") {
  TEST_CASE("is asked with instructions, conversation and tools, and its words are said") {
    SessionProbe probe = thinker();
    write(probe, "Where is my order?");
    REQUIRE(probe.thoughts.size() == 1);
    CHECK(boost::json::serialize(probe.thoughts.back().request) ==
          R"({"messages":[{"role":"system","content":"You run a shop."},)"
          R"({"role":"user","content":"Where is my order?"}],"stream":true,)"
          R"("tools":[{"type":"function","function":{"name":"look_up","description":"Looks up.",)"
          R"("parameters":{"type":"object"}}}],"tool_choice":"auto"})");
    CHECK(probe.count("response.created") == 1);
    CHECK(probe.count("response.output_item.added") == 0);
    probe.think(words("Which number?"));
    probe.pass(1s);
    CHECK(probe.said.back() == "Which number?");
    CHECK(path(probe.last("response.done"), "response.status") == R"("completed")");
  }

  TEST_CASE("has its calls made by the controller, and gets their outputs") {
    SessionProbe probe = thinker();
    write(probe, "Order 7?");
    probe.think(call("look_up", R"({"id":7})"));
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
    probe.think(call("look_up", R"({"id":7})"));
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
    probe.think(words("Yes."));
    probe.pass(1s);
    probe.client(R"({"type":"conversation.item.create","item":{"type":"function_call_output",)"
                 R"("output":"sent","call_id":")" +
                 id + R"("}})");
    probe.client(R"({"type":"response.create"})");
    CHECK(roles() == "system user assistant tool user assistant ");
    CHECK(boost::json::serialize(probe.thoughts.back().request).find("sent") != std::string::npos);
  }

  TEST_CASE("sees a call that was made with another's output behind that") {
    SessionProbe probe = thinker();
    write(probe, "Orders 7 and 8?");
    ReplyPart both = call("look_up", "7");
    both.calls.push_back({"look_up", "8"});
    probe.think(both);
    probe.pass(1s);
    const auto give = [&](const std::string& output, std::size_t which) {
      std::vector<std::string> ids;
      for (const auto& event : probe.events) {
        if (json_string(event, "type") == "response.function_call_arguments.done") {
          ids.emplace_back(json_string(event, "call_id"));
        }
      }
      probe.client(R"({"type":"conversation.item.create","item":{"type":"function_call_output",)"
                   R"("output":")" +
                   output + R"(","call_id":")" + ids.at(which) + R"("}})");
    };
    give("seven", 0);
    give("eight", 1);
    probe.client(R"({"type":"response.create"})");
    probe.think(call("look_up", "9"));
    probe.pass(1s);
    give("nine", 2);
    probe.client(R"({"type":"response.create"})");
    std::string order;
    const boost::json::value asked(probe.thoughts.back().request);
    for (const auto& message : json_at(asked, "messages")->as_array()) {
      const auto* const calls = json_at(message, "tool_calls");
      order += calls != nullptr ? std::to_string(calls->as_array().size()) + " calls, "
                                : std::string{json_string(message, "content")} + ", ";
    }
    CHECK(order == "You run a shop., Orders 7 and 8?, 2 calls, seven, eight, 1 calls, nine, ");
  }

  TEST_CASE("is heard sentence by sentence") {
    SessionProbe probe = thinker();
    write(probe, "Where is it?");
    probe.think(words("It left.", false));
    CHECK(probe.said.back() == "It left.");
    probe.pass(200ms);
    CHECK(probe.playable_ms == 600);
    CHECK(probe.count("response.done") == 0);
    probe.think(words(" It comes soon.", false));
    probe.think(ReplyPart{{}, call("look_up", "{}").calls});
    probe.pass(2s);
    CHECK(probe.playable_ms == 1'500);
    CHECK(path(probe.last("response.output_audio_transcript.done"), "transcript") ==
          R"("It left. It comes soon.")");
    CHECK(path(probe.last("response.done"), "response.status") == R"("completed")");
    CHECK(probe.count("response.output_item.done") == 2);
    CHECK(path(probe.last("response.output_item.done"), "item.name") == R"("look_up")");
    CHECK(probe.given_up.empty());
  }

  TEST_CASE("writes as it speaks when text is wanted") {
    SessionProbe probe{R"({"type":"realtime","output_modalities":["text"]})",
                       Persona{std::vector<std::string>{}}, true};
    write(probe, "Where is it?");
    probe.think(words("It left.", false));
    probe.pass(1s);
    CHECK(probe.count("response.done") == 0);
    probe.think(words(" Soon."));
    probe.pass(1s);
    CHECK(path(probe.last("response.output_text.done"), "text") == R"("It left. Soon.")");
  }

  TEST_CASE("that fails is apologised for, also in the middle") {
    SessionProbe probe = thinker();
    write(probe, "And now?");
    probe.think(fail(Errc::timed_out, "too slow"));
    CHECK(probe.said.back() == "Sorry, I cannot answer that right now.");
    probe.pass(2s);
    write(probe, "And now?");
    probe.think(words("Well.", false));
    probe.think(fail(Errc::unreachable, "gone"));
    probe.pass(3s);
    CHECK(path(probe.last("response.output_audio_transcript.done"), "transcript") ==
          R"("Well. Sorry, I cannot answer that right now.")");
  }

  TEST_CASE("is not asked for what is dictated in quotes, but for everything else") {
    SessionProbe probe = thinker();
    const auto create = [&](const std::string& instructions) {
      probe.client(boost::json::serialize(
          boost::json::object{{"type", "response.create"},
                              {"response", boost::json::object{{"instructions", instructions}}}}));
    };
    create(R"(Say "Hi.")");
    CHECK(probe.thoughts.empty());
    CHECK(probe.said.back() == "Hi.");
    probe.pass(1s);
    create(R"(Greet the caller. If it is late, say "Good evening.")");
    REQUIRE(probe.thoughts.size() == 1);
    probe.think(words("Hello."));
    probe.pass(1s);
    create("Say that we close soon.");
    REQUIRE(probe.thoughts.size() == 2);
    CHECK(boost::json::serialize(probe.thoughts.back().request)
              .find("You run a shop.\\n\\nSay that we close soon.") != std::string::npos);
  }

  TEST_CASE("greets, unless the session's instructions are a dictation in quotes") {
    SessionProbe free{R"({"type":"realtime","instructions":"Help. Say \"Bye.\" at the end."})",
                      Persona{std::vector<std::string>{}}, true};
    free.client(R"({"type":"response.create"})");
    CHECK(free.thoughts.size() == 1);
    SessionProbe bound{R"({"type":"realtime","instructions":"Say: \"Hello, shop.\""})",
                       Persona{std::vector<std::string>{}}, true};
    bound.client(R"({"type":"response.create"})");
    CHECK(bound.thoughts.empty());
    CHECK(bound.said.back() == "Hello, shop.");
  }

  TEST_CASE("is no longer asked once the response is cancelled, and not heard any more") {
    SessionProbe probe = thinker();
    write(probe, "Hm?");
    probe.client(R"({"type":"response.cancel"})");
    CHECK(path(probe.last("response.done"), "response.output") == "[]");
    CHECK(probe.given_up == std::vector<std::string>{probe.thoughts.back().response_id});
    probe.think(words("Too late."));
    CHECK(probe.said.empty());
  }

  TEST_CASE("is no longer asked when the caller interrupts") {
    SessionProbe probe = thinker();
    probe.turn(0, 600);
    REQUIRE(probe.thoughts.size() == 1);
    probe.think(words("Well, that is a long story.", false));
    probe.start_turn(1'000);
    CHECK(probe.given_up == std::vector<std::string>{probe.thoughts.back().response_id});
    CHECK(path(probe.last("response.done"), "response.status_details.reason") ==
          R"("turn_detected")");
  }

  TEST_CASE("that has answered is not told to stop") {
    SessionProbe probe = thinker();
    write(probe, "Hm?");
    probe.think(words("One two three four five six seven."));
    probe.client(R"({"type":"response.cancel"})");
    CHECK(probe.count("response.done") == 1);
    CHECK(probe.given_up.empty());
  }

  TEST_CASE("may answer whole, with words, calls, or both") {
    CHECK(read(R"({"choices":[{"message":{"content":"Hi. Ho"}}]})") == "Hi. Ho");
    CHECK(read(R"({"choices":[{"message":{"content":null,"tool_calls":[
              {"id":"1","function":{"name":"a","arguments":"{}"}},
              {"id":"2","function":{"name":"b","arguments":"[]"}}]}}]})") == " + a{} + b[]");
    CHECK(read(R"({"error":{"message":"no model"}})") == "error: no model");
    CHECK(read("<html>").starts_with("error: "));
    CHECK(read("{oops").starts_with("error: "));
    CHECK(read("").starts_with("error: "));
    CHECK(read(R"({"choices":[{"message":{"content":" "}}]})").starts_with("error: "));
  }

  TEST_CASE("may answer as a stream, whose sentences are told as soon as they are whole") {
    const std::string stream =
        delta(R"({"delta":{"role":"assistant","content":""}})") +
        delta(R"({"delta":{"content":"One. T"}})") + delta(R"({"delta":{"content":"wo. Th"}})") +
        delta(R"({"delta":{"content":"ree."}})") +
        delta(R"({"delta":{"tool_calls":[{"index":0,"function":{"name":"c","arguments":"{"}}]}})") +
        delta(R"({"delta":{"tool_calls":[{"index":1,"function":{"name":"d"}}]}})") +
        delta(R"({"delta":{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}})") +
        delta(R"({"delta":{},"finish_reason":"tool_calls"})") + "data: [DONE]\n\n";
    CHECK(read(stream, 1) == "One.| Two.| Three.| + c{} + d");
    CHECK(read(delta(R"({"delta":{"content":"Hi"}})")) == "Hi");
    CHECK(read(delta(R"({"delta":{"content":"Ah. B"}})") +
               "data: {\"error\":{\"message\":\"overloaded\"}}\n\n") == "Ah.|error: overloaded");
    CHECK(read("data: [DONE]\n\n").starts_with("error: "));
  }

  TEST_CASE("has said all once its stream gives a reason for its end") {
    ChatAnswer answer;
    CHECK(answer.feed(delta(R"({"delta":{"content":"Hi."}})")).empty());
    CHECK_FALSE(answer.complete());
    CHECK(answer.feed(delta(R"({"delta":{},"finish_reason":"stop"})")).empty());
    CHECK(answer.complete());
    CHECK(told(answer.finish()) == "Hi.");
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
