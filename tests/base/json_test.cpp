#include "base/json.hpp"

#include <string>

#include <doctest/doctest.h>

TEST_SUITE("JSON from the network") {
  TEST_CASE("finds values by path and falls back where there are none") {
    const auto value = offhook::parse_json(R"({"a":{"b":"text","n":12.0}})").value();
    CHECK(offhook::json_string(value, "a.b") == "text");
    CHECK(offhook::json_string(value, "a.c", "other") == "other");
    CHECK(offhook::json_string(value, "a.b.c", "other") == "other");
    CHECK(offhook::json_int(value, "a.n") == 12);
    CHECK_FALSE(offhook::json_int(value, "a.b").has_value());
  }

  TEST_CASE("refuses nesting deep enough to exhaust a stack") {
    CHECK_FALSE(offhook::parse_json(std::string(100'000, '[')).has_value());
  }

  TEST_CASE("refuses trailing text") { CHECK_FALSE(offhook::parse_json("{} {}").has_value()); }
}
