#include "sim/persona_script.hpp"

#include <string>
#include <variant>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "sim/persona.hpp"
#include "sim/persona_task.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr const char* flower_shop = R"(
greeting: The flower shop, good morning.
interrupted: Of course.
after_call: "Our florist says: $output"
rules:
  - hears: '\b(\w+) (roses|tulips)\b'
    call: order_flowers
    arguments: {count: $1, kind: $2}
  - hears: how much
    say: [Five euros., Still five euros.]
otherwise: ["Pardon?", "What is $0?"]
)";

Prompt heard(std::string_view words) {
  Prompt prompt;
  prompt.heard = words;
  prompt.caller_spoke = true;
  return prompt;
}

std::string said(const Reply& reply) {
  const auto* const say = std::get_if<Say>(&reply);
  return say == nullptr ? "(function)" : say->text;
}

std::string called(const Reply& reply) {
  const auto* const call = std::get_if<CallFunction>(&reply);
  return call == nullptr ? "(speech)" : call->name + ' ' + call->arguments;
}

json::array tools(const char* text) { return json::parse(text).as_array(); }

const json::array lookup = tools(
    R"([{"type":"function","name":"lookup_order","parameters":{"type":"object",
        "properties":{"order_number":{"type":"string"}}}}])");

TEST_SUITE("persona script") {
  TEST_CASE("answers by the first rule that fits, and its texts in turn") {
    Persona persona{parse_persona(flower_shop, "shop.yaml").value(), {}};
    CHECK(said(persona.reply(Prompt{})) == "The flower shop, good morning.");
    CHECK(said(persona.reply(heard("How much is it"))) == "Five euros.");
    CHECK(said(persona.reply(heard("and how much now"))) == "Still five euros.");
    CHECK(called(persona.reply(heard("send me twelve roses please"))) ==
          R"(order_flowers {"count":"twelve","kind":"roses"})");
  }

  TEST_CASE("has words for what no rule fits, for an interruption and for a function's output") {
    Persona persona{parse_persona(flower_shop, "shop.yaml").value(), {}};
    CHECK(said(persona.reply(heard("moon"))) == "Pardon?");
    CHECK(said(persona.reply(heard("moon"))) == "What is moon?");
    Prompt prompt = heard("how much");
    prompt.interrupted = true;
    CHECK(said(persona.reply(prompt)) == "Of course. Five euros.");
    prompt.tool_output = "tomorrow";
    CHECK(said(persona.reply(prompt)) == "Our florist says: tomorrow");
  }

  TEST_CASE("with a mistake is refused with file, line and field") {
    struct Example {
      const char* text;
      const char* why;
    };
    for (const auto& [text, why] : {
             Example{"greeting: [a]", "p.yaml:1: greeting"},
             Example{"a: b", "p.yaml:1: a: unknown field"},
             Example{"greeting: hi\nrules:\n  - say: x", "p.yaml:3: rules: each needs hears"},
             Example{"rules:\n  - hears: '('\n    say: x", "p.yaml:2: rules: hears: no usable"},
             Example{"rules:\n  - hears: a", "p.yaml:2: rules: each says something or calls"},
             Example{"rules:\n  - hears: a\n    sya: x", "p.yaml:3: rules: unknown field sya"},
             Example{"rules:\n  - hears: a\n    calls: x", "p.yaml:3: rules: calls: a list"},
             Example{"rules:\n  - hears: a\n    calls: [{arguments: {}}]",
                     "p.yaml:3: rules: calls"},
             Example{"rules:\n  - hears: a\n    say: b\n    arguments: {}", "p.yaml:4: rules: arg"},
             Example{"otherwise: []", "p.yaml:1: otherwise"},
             Example{"just a text", "p.yaml: a persona has"},
             Example{"a: [", "p.yaml:"},
         }) {
      CAPTURE(text);
      const auto script = parse_persona(text, "p.yaml");
      REQUIRE_FALSE(script);
      CHECK(script.error().detail.starts_with(why));
    }
  }

  TEST_CASE("of our own makes small talk") {
    Persona persona{std::vector<std::string>{}};
    CHECK(said(persona.reply(Prompt{})).starts_with("Hello"));
    CHECK(said(persona.reply(heard("hello my name is anna"))) == "Nice to meet you, anna.");
    CHECK(said(persona.reply(heard("thank you goodbye"))) == "Goodbye!");
    CHECK(said(persona.reply(heard("purple elephants"))) == "You said: purple elephants.");
    CHECK_FALSE(said(persona.reply(heard("(speech)"))).starts_with("You said"));
  }
}

TEST_SUITE("persona task") {
  TEST_CASE("asks for what the instructions want, then calls the function with it") {
    Persona persona{std::vector<std::string>{}};
    Prompt prompt;
    prompt.session_instructions =
        "You work for a shop. Ask for the order number, then call lookup_order.";
    prompt.tools = lookup;
    CHECK(said(persona.reply(prompt)) == "Hello. Please tell me the order number.");
    prompt.caller_spoke = true;
    prompt.heard = "what do you mean";
    CHECK(said(persona.reply(prompt)) == "Please tell me the order number.");
    prompt.heard = "it is four seven one oh";
    CHECK(called(persona.reply(prompt)) == R"(lookup_order {"order_number":"4710"})");
    prompt.tool_output = R"({"status":"on its way","delivery_day":"monday"})";
    CHECK(said(persona.reply(prompt)) == "The status is on its way. The delivery day is monday.");
    prompt.tool_output = {};
    prompt.heard = "thank you";
    CHECK(said(persona.reply(prompt)) == "You are welcome.");
  }

  TEST_CASE("without instructions calls the function that the caller's words touch") {
    Persona persona{std::vector<std::string>{}};
    Prompt prompt = heard("what is the weather in london");
    prompt.tools = tools(R"([{"name":"get_weather","parameters":{"properties":{
        "city":{"type":"string"}}}}])");
    CHECK(called(persona.reply(prompt)) == R"(get_weather {"city":"london"})");
  }

  TEST_CASE("is found in instructions, and only where it is") {
    CHECK(task_in("Ask the caller for their name, then call save_name.")->wanted == "their name");
    CHECK(task_in("ask for a code and then call `check`")->function == "check");
    CHECK_FALSE(task_in("Be kind. Then call it a day."));
    CHECK_FALSE(task_in(""));
  }

  TEST_CASE("reads spoken digits") {
    CHECK(spoken_digits("my number is four oh two") == "402");
    CHECK(spoken_digits("it is 47 eleven 12") == "4712");
    CHECK(spoken_digits("none").empty());
  }

  TEST_CASE("puts a function's output into words") {
    CHECK(in_words(R"({"a_b":1,"list":[1],"ok":true})") == "The a b is 1. The ok is true.");
    CHECK(in_words("plain text") == "The answer is: plain text.");
    CHECK(in_words("{}") == "That is done.");
  }
}

}  // namespace
}  // namespace offhook::sim
