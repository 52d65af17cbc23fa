#include "sim/persona.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

namespace offhook::sim {
namespace {

std::string text_of(const Reply& reply) {
  const auto* const say = std::get_if<Say>(&reply);
  return say == nullptr ? "(function)" : say->text;
}

TEST_SUITE("Persona") {
  TEST_CASE("says word for word what instructions dictate") {
    struct Example {
      std::string_view instructions;
      std::string_view text;
    };
    for (const auto& [instructions, text] : {
             Example{"Say Hi.", "Hi."},
             Example{"say: Good morning", "Good morning"},
             Example{R"(Say "Welcome to the shop." and wait.)", "Welcome to the shop."},
             Example{R"(Greet the caller by saying "Hello!")", "Hello!"},
             Example{"Say 'It's me.'", "It's me."},
             Example{"Say “Bonjour”", "Bonjour"},
             Example{"Greet the caller.", ""},
             Example{"Write an essay about telephones.", ""},
             Example{"Say \"unfinished", "\"unfinished"},
             Example{"", ""},
         }) {
      CAPTURE(instructions);
      CHECK(dictated_text(instructions) == text);
    }
  }

  TEST_CASE("greets once, then gives its answers in turn and round again") {
    Persona persona{{"one", "two"}};
    CHECK(text_of(persona.reply("Greet the caller.", false)).starts_with("Hello"));
    CHECK(text_of(persona.reply("", true)) == "one");
    CHECK(text_of(persona.reply("Say Hi.", true)) == "Hi.");
    CHECK(text_of(persona.reply("", true)) == "two");
    CHECK(text_of(persona.reply("", true)) == "one");
  }

  TEST_CASE("answers instead of greeting when the caller spoke first") {
    Persona persona{{"one"}};
    CHECK(text_of(persona.reply("", true)) == "one");
  }

  TEST_CASE("has at least four answers of its own") {
    Persona persona{{}};
    std::vector<std::string> answers;
    for (int i = 0; i < 4; ++i) {
      answers.push_back(text_of(persona.reply("", true)));
    }
    std::sort(answers.begin(), answers.end());
    CHECK(std::unique(answers.begin(), answers.end()) == answers.end());
  }

  TEST_CASE("calls a function when an answer says so") {
    Persona persona{{R"(call:look_up {"order_id": "7"})", "call:ping"}};
    const Reply first = persona.reply("", true);
    REQUIRE(std::holds_alternative<CallFunction>(first));
    CHECK(std::get<CallFunction>(first).name == "look_up");
    CHECK(std::get<CallFunction>(first).arguments == R"({"order_id": "7"})");
    const Reply second = persona.reply("", true);
    REQUIRE(std::holds_alternative<CallFunction>(second));
    CHECK(std::get<CallFunction>(second).name == "ping");
    CHECK(std::get<CallFunction>(second).arguments == "{}");
  }
}

TEST_SUITE("ScriptRecogniser") {
  TEST_CASE("knows the script, and hears only speech behind its end") {
    ScriptRecogniser recogniser{{"hello", "bye"}};
    CHECK(recogniser.next() == "hello");
    CHECK(recogniser.next() == "bye");
    CHECK(recogniser.next() == "(speech)");
  }
}

}  // namespace
}  // namespace offhook::sim
