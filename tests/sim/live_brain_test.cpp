// A Live session whose words come from a chat model.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "live_probe.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* hotel = R"({"model":"gpt-live-1","instructions":"You run a hotel."})";
constexpr const char* hotel_with_tools = R"({"model":"gpt-live-1","instructions":"You run a hotel.",
    "delegation":{"type":"responses","responses":{"model":"gpt-5-mini","instructions":"Be exact.",
    "tools":[{"type":"function","name":"find_room","parameters":{"type":"object"}}]}}})";

LiveProbe thinker(const char* session = hotel) {
  LiveProbe probe{session, std::vector<std::string>{}, true};
  probe.heard = "Is there a room?";
  return probe;
}

ReplyPart words(std::string text, bool last = true) { return {std::move(text), {}, last}; }

ReplyPart call(std::string name, std::string arguments = "{}") {
  return {{}, {CallFunction{std::move(name), std::move(arguments)}}, true};
}

/// "role: content" of the messages of the last question, one a line; of calls their names.
std::string asked(const LiveProbe& probe) {
  std::string text;
  const boost::json::value request(probe.thoughts.back().request);
  for (const auto& message : json_at(request, "messages")->as_array()) {
    text += std::string{json_string(message, "role")} + ": " +
            std::string{json_string(message, "content")};
    if (const auto* const calls = json_at(message, "tool_calls")) {
      text += json_string(calls->as_array().front(), "function.name");
    }
    text += '\n';
  }
  return text;
}

/// The function that it may call.
std::string tool(const LiveProbe& probe) {
  const boost::json::value request(probe.thoughts.back().request);
  return std::string{json_string(json_at(request, "tools")->as_array().front(), "function.name")};
}

TEST_SUITE("Brain of a Live session") {
  TEST_CASE("is asked what the caller is to hear, and heard sentence by sentence") {
    LiveProbe probe = thinker();
    probe.turn(0, 900);
    REQUIRE(probe.thoughts.size() == 1);
    CHECK(asked(probe) == "system: You run a hotel.\nuser: Is there a room?\n");
    CHECK(tool(probe) == "delegate");
    probe.think(words("There is.", false));
    probe.pass(300ms);
    CHECK(probe.transcript("session.output_transcript.delta") == "There");
    probe.think(words(" For how long?"));
    probe.pass(3s);
    CHECK(probe.transcript("session.output_transcript.delta") == "There is. For how long?");
    probe.heard = "One night.";
    probe.turn(5'000, 6'000);
    CHECK(asked(probe) ==
          "system: You run a hotel.\nuser: Is there a room?\nassistant: There is. For how long?\n"
          "user: One night.\n");
  }

  TEST_CASE("is no longer asked when the caller speaks, and knows what was heard") {
    LiveProbe probe = thinker();
    probe.turn(0, 900);
    probe.think(words("One two three four.", false));
    probe.pass(500ms);
    probe.turn(2'000, 3'000);
    REQUIRE(probe.thoughts.size() == 2);
    CHECK(probe.given_up == std::vector<std::string>{probe.thoughts.front().response_id});
    CHECK(asked(probe).find("assistant: One two\n") != std::string::npos);
    probe.change([&](LiveSession& session, Time now) {
      session.on_thought(probe.thoughts.front().response_id, words("Five."), now);
    });
    CHECK(probe.said == std::vector<std::string>{"One two three four."});
  }

  TEST_CASE("asked anew while it answers has said what is heard of that answer") {
    LiveProbe probe = thinker();
    probe.turn(0, 900);
    probe.think(words("There is.", false));
    probe.pass(1s);
    probe.client(
        R"({"type":"session.commentary.append","event_id":"e1","content":"It is taken.","delegation_id":null})");
    REQUIRE(probe.thoughts.size() == 2);
    probe.pass(100ms);
    probe.think(words("It is taken."));
    probe.pass(3s);
    CHECK(probe.transcript("session.output_transcript.delta") == "There is. It is taken.");
    probe.turn(6'000, 7'000);
    CHECK(probe.cleared == 0);  // nothing was still to be heard
  }

  TEST_CASE("that fails is apologised for") {
    LiveProbe probe = thinker();
    probe.turn(0, 900);
    probe.think(fail(Errc::timed_out, "too slow"));
    CHECK(probe.said.back() == "Sorry, I cannot answer that right now.");
  }

  TEST_CASE("greets when told to, says dictation without thinking, and is told of context") {
    LiveProbe probe = thinker();
    const auto append = [&](const std::string& kind, const std::string& content) {
      probe.client(
          boost::json::serialize(boost::json::object{{"type", "session." + kind + ".append"},
                                                     {"event_id", "e1"},
                                                     {"content", content},
                                                     {"delegation_id", nullptr}}));
    };
    append("instructions", "Greet the caller.");
    REQUIRE(probe.thoughts.size() == 1);
    probe.think(words("Good evening."));
    probe.pass(1s);
    append("instructions", R"(Say "The bar is open.")");
    CHECK(probe.said.back() == "The bar is open.");
    append("thinking", "The lift is out of order.");
    append("instructions", "Be formal.");
    CHECK(probe.thoughts.size() == 1);
    append("commentary", "Breakfast is at seven.");
    REQUIRE(probe.thoughts.size() == 2);
    CHECK(
        asked(probe).ends_with("assistant: Good evening.\nassistant: The bar is open.\n"
                               "system: The lift is out of order.\nsystem: Be formal.\n"
                               "system: Tell the caller: Breakfast is at seven.\n"));
    append("instructions", "Say that the time is over.");
    CHECK(probe.thoughts.size() == 3);
  }

  TEST_CASE("hands work to the client, and says what comes back") {
    LiveProbe probe = thinker();
    probe.turn(0, 900);
    probe.think(call("delegate", R"({"task":"find a room"})"));
    const std::string id{json_string(probe.last("session.delegation.created"), "delegation.id")};
    REQUIRE_FALSE(id.empty());
    probe.pass(2s);
    CHECK(probe.said.back() == "One moment, please.");
    probe.client(
        R"({"type":"session.commentary.append","event_id":"e1","content":"room 12","delegation_id":")" +
        id + R"("})");
    REQUIRE(probe.thoughts.size() == 2);
    CHECK(asked(probe).find("assistant: delegate\ntool: room 12\n") != std::string::npos);
    probe.think(words("You get room 12."));
    CHECK(probe.said.back() == "You get room 12.");
    probe.pass(3s);
    probe.client(
        R"({"type":"session.commentary.append","event_id":"e2","content":"and 13","delegation_id":")" +
        id + R"("})");
    CHECK(asked(probe).ends_with("system: and 13\n"));
  }

  TEST_CASE("does not ask for patience where it has done so itself") {
    LiveProbe probe = thinker();
    probe.turn(0, 900);
    ReplyPart part = call("delegate");
    part.words = "Let me look.";
    probe.think(part);
    probe.pass(3s);
    CHECK(probe.said == std::vector<std::string>{"Let me look."});
  }

  TEST_CASE("is the Responses model, too: calls its tools, and answers when they have") {
    LiveProbe probe = thinker(hotel_with_tools);
    probe.turn(0, 900);
    CHECK(asked(probe).starts_with("system: You run a hotel.\n\nBe exact.\n"));
    CHECK(tool(probe) == "find_room");
    probe.think(call("find_room", R"({"beds":2})"));
    const auto output = [&](const std::string& value) {
      std::string call_id;
      for (const auto& event : probe.events) {
        if (json_string(event, "event.item.type") == "function_call") {
          call_id = json_string(event, "event.item.call_id");
        }
      }
      probe.client(R"({"type":"response.item.create","item":{"type":"function_call_output",)"
                   R"("output":")" +
                   value + R"(","call_id":")" + call_id + R"("}})");
      probe.client(R"({"type":"response.create"})");
    };
    output("none");
    REQUIRE(probe.thoughts.size() == 2);
    CHECK(asked(probe).ends_with("assistant: find_room\ntool: none\n"));
    probe.think(call("find_room", R"({"beds":1})"));
    output("12");
    REQUIRE(probe.thoughts.size() == 3);
    CHECK(asked(probe).ends_with("tool: none\nassistant: find_room\ntool: 12\n"));
    CHECK(json_string(probe.last("response.event"), "event.type") == "response.in_progress");
    probe.think(words("Room 12.", false));
    probe.think(words(" It has one bed."));
    CHECK(json_string(probe.last("response.event"), "event.type") == "response.completed");
    std::string text;
    for (const auto& event : probe.events) {
      if (json_string(event, "event.type") == "response.output_text.done") {
        text = json_string(event, "event.text");
      }
    }
    CHECK(text == "Room 12. It has one bed.");
    CHECK(probe.said.back() == "It has one bed.");
  }

  TEST_CASE("calls several tools of one answer, and is asked when all have answered") {
    LiveProbe probe = thinker(hotel_with_tools);
    probe.turn(0, 900);
    ReplyPart part = call("find_room", R"({"beds":1})");
    part.calls.push_back({"find_table", "{}"});
    part.calls.push_back({"find_room", R"({"beds":2})"});
    probe.think(part);
    std::vector<std::string> call_ids;
    std::vector<std::int64_t> places;
    for (const auto& event : probe.events) {
      if (json_string(event, "event.type") == "response.output_item.done") {
        call_ids.emplace_back(json_string(event, "event.item.call_id"));
        places.push_back(json_at(event, "event.output_index")->to_number<std::int64_t>());
      }
    }
    CHECK(places == std::vector<std::int64_t>{0, 1});
    REQUIRE(call_ids.size() == 2);
    const auto answer = [&](const std::string& call_id, const std::string& output) {
      probe.client(R"({"type":"response.item.create","item":{"type":"function_call_output",)"
                   R"("output":")" +
                   output + R"(","call_id":")" + call_id + R"("}})");
    };
    answer(call_ids[1], "room 22");
    probe.client(R"({"type":"response.create"})");
    CHECK(json_string(probe.last("error"), "error.code") == "missing_tool_output");
    CHECK(probe.thoughts.size() == 1);
    answer(call_ids[0], "room 11");
    probe.client(R"({"type":"response.create"})");
    REQUIRE(probe.thoughts.size() == 2);
    CHECK(asked(probe).ends_with(
        "tool: room 11\ntool: I have no tool named find_table.\ntool: room 22\n"));
  }

  TEST_CASE("hands each call of one answer to the client as a delegation of its own") {
    LiveProbe probe = thinker();
    probe.turn(0, 900);
    ReplyPart part = call("delegate", R"({"task":"find a room"})");
    part.calls.push_back({"delegate", R"({"task":"find a table"})"});
    probe.think(part);
    const std::string second{
        json_string(probe.last("session.delegation.created"), "delegation.id")};
    const auto types = probe.types();
    CHECK(std::ranges::count(types, "session.delegation.created") == 2);
    probe.client(
        R"({"type":"session.commentary.append","event_id":"e1","content":"by the window","delegation_id":")" +
        second + R"("})");
    CHECK(asked(probe).ends_with("tool: (still running)\ntool: by the window\n"));
  }

  TEST_CASE("that calls only what is not there says so") {
    LiveProbe probe = thinker(hotel_with_tools);
    probe.turn(0, 900);
    probe.think(call("find_table"));
    CHECK(probe.said.back() == "I have no tool named find_table.");
    probe.turn(3'000, 4'000);
    CHECK(asked(probe).find("tool: I have no tool named find_table.\n") != std::string::npos);
  }

  TEST_CASE(
      "goes on with its work when the caller speaks, but says no more of what was cut short") {
    LiveProbe probe = thinker(hotel_with_tools);
    probe.client(R"({"type":"response.item.create","item":{"type":"message","role":"user",)"
                 R"("content":"Find a room."}})");
    probe.client(R"({"type":"response.create"})");
    REQUIRE(probe.thoughts.size() == 1);
    probe.think(words("There are many.", false));
    probe.pass(100ms);
    probe.change([](LiveSession& session, Time now) { session.on_speech_started(100, now); });
    CHECK(probe.given_up.empty());
    probe.think(words(" Room 12 is free."));
    CHECK(probe.said == std::vector<std::string>{"There are many."});
    CHECK(json_string(probe.last("response.event"), "event.type") == "response.completed");
  }

  TEST_CASE("learns what was decided") {
    LiveProbe probe = thinker(R"({"model":"gpt-live-1","delegation":{"type":"decisions",
        "decisions":{"model":"d1","questions":[{"type":"predicate","instructions":"Important?"}]}}})");
    probe.turn(0, 900);
    probe.think(call("delegate"));
    CHECK(json_string(probe.last("decision.event"), "event.type") == "decision.completed");
    REQUIRE(probe.thoughts.size() == 2);
    CHECK(asked(probe).find("tool: ") != std::string::npos);
  }
}

}  // namespace
}  // namespace offhook::sim
