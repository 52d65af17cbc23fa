#include "sim/quirks.hpp"

#include <set>
#include <string>

#include <doctest/doctest.h>

namespace offhook::sim {
namespace {

TEST_SUITE("Quirks") {
  TEST_CASE("each has a name of its own, does something and was seen by somebody") {
    std::set<std::string_view> names;
    for (const QuirkInfo& quirk : all_quirks()) {
      CHECK(names.insert(quirk.name).second);
      CHECK(parse_quirk(quirk.name)->quirk == quirk.quirk);
      CHECK_FALSE(quirk.what.empty());
      CHECK_FALSE(quirk.seen.empty());
    }
  }

  TEST_CASE("a name may have a probability from 0 to 1") {
    CHECK(parse_quirk("loss")->probability == 1);
    CHECK(parse_quirk("loss:0.25")->probability == 0.25);
    CHECK(parse_quirk("loss:0")->probability == 0);
    for (const char* wrong : {"", "los", "loss:", "loss:2", "loss:-1", "loss:half", "loss:0.5x"}) {
      CAPTURE(wrong);
      const auto refused = parse_quirk(wrong);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::invalid_argument);
    }
  }

  TEST_CASE("a caller's wishes are a list, and what is no fault is told") {
    std::vector<std::string> unknown;
    const auto wishes = parse_quirks_header(" loss , static:0.5,,dance, port-change", unknown);
    REQUIRE(wishes.size() == 3);
    CHECK(wishes[1].quirk == Quirk::static_sound);
    CHECK(wishes[1].probability == 0.5);
    CHECK(unknown == std::vector<std::string>{"dance"});
    CHECK(parse_quirks_header("", unknown).empty());
  }

  TEST_CASE("happen as often as they are told to") {
    std::mt19937 dice{7};
    const std::vector<QuirkChance> chances{
        {Quirk::loss, 1}, {Quirk::jitter, 0}, {Quirk::slow, 0.5}};
    int slow = 0;
    for (int i = 0; i < 1'000; ++i) {
      const QuirkSet set = draw_quirks(chances, dice);
      CHECK(set.has(Quirk::loss));
      CHECK_FALSE(set.has(Quirk::jitter));
      slow += set.has(Quirk::slow) ? 1 : 0;
    }
    CHECK(slow > 400);
    CHECK(slow < 600);
  }
}

}  // namespace
}  // namespace offhook::sim
