#include "sim/impairment.hpp"

#include <initializer_list>

#include <doctest/doctest.h>

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

/// What becomes of a thousand packets, one every 20 ms.
struct Passage {
  explicit Passage(std::initializer_list<Quirk> quirks, bool blocked = false) {
    QuirkSet set;
    for (const Quirk quirk : quirks) {
      set.add(quirk);
    }
    Impairment network{set, blocked, 5};
    Impairment::Clock::time_point now{1h};
    Impairment::Clock::time_point latest{};
    for (int i = 0; i < 1'000; ++i, now += 20ms) {
      const auto times = network.next(now);
      lost += times.empty() ? 1 : 0;
      twice += times.size() == 2 ? 1 : 0;
      for (const auto due : times) {
        late += due > now ? 1 : 0;
        most_late = std::max(most_late, due - now);
        overtaken += due < latest ? 1 : 0;
        latest = std::max(latest, due);
      }
    }
  }
  int lost = 0;
  int twice = 0;
  int late = 0;
  int overtaken = 0;  ///< Packets that go on before one that came earlier.
  Impairment::Clock::duration most_late{};
};

TEST_SUITE("Impairment") {
  TEST_CASE("without faults every packet passes at once") {
    const Passage passage{{}};
    CHECK(passage.lost + passage.twice + passage.late == 0);
  }

  TEST_CASE("loss takes a tenth") {
    const Passage passage{{Quirk::loss}};
    CHECK(passage.lost > 60);
    CHECK(passage.lost < 140);
    CHECK(passage.late == 0);
  }

  TEST_CASE("jitter delays, in order, by up to 80 ms") {
    const Passage passage{{Quirk::jitter}};
    CHECK(passage.lost == 0);
    CHECK(passage.late > 900);
    CHECK(passage.overtaken == 0);
    CHECK(passage.most_late > 60ms);
    CHECK(passage.most_late <= 80ms);
  }

  TEST_CASE("reorder lets a tenth be overtaken") {
    const Passage passage{{Quirk::reorder}};
    CHECK(passage.lost == 0);
    CHECK(passage.late > 60);
    CHECK(passage.overtaken > 60);
  }

  TEST_CASE("duplicate-packets doubles a tenth") {
    const Passage passage{{Quirk::duplicate_packets}};
    CHECK(passage.twice > 60);
    CHECK(passage.twice < 140);
    CHECK(passage.lost == 0);
  }

  TEST_CASE("nothing passes what is blocked") {
    const Passage passage{{}, true};
    CHECK(passage.lost == 1'000);
  }
}

}  // namespace
}  // namespace offhook::sim
