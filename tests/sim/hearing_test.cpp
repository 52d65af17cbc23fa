#include "sim/hearing.hpp"

#include <string>

#include <doctest/doctest.h>

namespace offhook::sim {
namespace {

constexpr std::size_t frames_per_minute = 60 * 50;

void hear(Hearing& hearing, std::size_t frames) {
  const CallerFrame frame;
  for (std::size_t i = 0; i < frames; ++i) {
    hearing.hear(frame);
  }
}

Hearing hearing_without_words() { return {ScriptRecogniser{{}}, nullptr, false}; }

TEST_SUITE("Hearing") {
  TEST_CASE("a caller who makes sound for minutes costs no more than one minute") {
    Hearing hearing = hearing_without_words();
    hear(hearing, 5 * frames_per_minute);
    CHECK(hearing.kept() <= Hearing::longest);
    hearing.begin_turn(300);
    hear(hearing, 5 * frames_per_minute);
    CHECK(hearing.kept() <= Hearing::longest);
    hearing.find_words("long", [](const std::string&) {});
    CHECK(hearing.sound_of("long").size() <= Hearing::longest);
    CHECK_FALSE(hearing.sound_of("long").empty());
  }

  TEST_CASE("earlier turns go when later ones fill the minute") {
    Hearing hearing = hearing_without_words();
    for (const char* turn : {"a", "b", "c"}) {
      hear(hearing, frames_per_minute / 2 - 1);
      hearing.find_words(turn, [](const std::string&) {});
    }
    CHECK(hearing.kept() <= Hearing::longest);
    CHECK(hearing.sound_of("a").empty());
    CHECK_FALSE(hearing.sound_of("b").empty());
    CHECK_FALSE(hearing.sound_of("c").empty());
  }

  TEST_CASE("where nobody asks for the sound of a turn, none is kept") {
    Hearing hearing = hearing_without_words();
    hearing.keep_no_turns();
    int told = 0;
    hear(hearing, 100);
    hearing.find_words("a", [&](const std::string&) { ++told; });
    CHECK(told == 1);
    CHECK(hearing.kept() == 0);
    CHECK(hearing.sound_of("a").empty());
  }
}

}  // namespace
}  // namespace offhook::sim
