#include <doctest/doctest.h>

#include "openai/webhook.hpp"

using namespace std::chrono_literals;
using offhook::openai::SeenDeliveries;

TEST_SUITE("seen deliveries") {
  const SeenDeliveries::TimePoint start{};

  TEST_CASE("know a delivery that comes again within 72 hours") {
    SeenDeliveries seen;
    CHECK(seen.first_time("wh_1", start));
    CHECK_FALSE(seen.first_time("wh_1", start + 1s));
    CHECK(seen.first_time("wh_2", start + 1s));
    CHECK_FALSE(seen.first_time("wh_1", start + 72h));
  }

  TEST_CASE("forget a delivery after 72 hours, counted from its first coming") {
    SeenDeliveries seen;
    CHECK(seen.first_time("wh_1", start));
    CHECK_FALSE(seen.first_time("wh_1", start + 71h));
    CHECK(seen.first_time("wh_1", start + 72h + 1s));
    CHECK(seen.size() == 1);
  }

  TEST_CASE("forget the oldest when they are full, and only that") {
    SeenDeliveries seen{3, 72h};
    for (const char* id : {"wh_1", "wh_2", "wh_3", "wh_4"}) {
      CHECK(seen.first_time(id, start));
    }
    CHECK(seen.size() == 3);
    CHECK_FALSE(seen.first_time("wh_2", start));
    CHECK_FALSE(seen.first_time("wh_4", start));
    CHECK(seen.first_time("wh_1", start));
  }
}
