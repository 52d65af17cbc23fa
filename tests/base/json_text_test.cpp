#include "base/json_text.hpp"

#include <limits>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

namespace json = boost::json;

TEST_SUITE("JSON for people") {
  TEST_CASE("writes numbers without exponents") {
    const json::array numbers{1.5, 2000.0, 0.0004, -0.0001, 1e9, 7, -3};
    CHECK(offhook::json_text(numbers) == "[1.5,2000,0,0,1000000000,7,-3]");
    CHECK(offhook::json_text(std::numeric_limits<double>::infinity()) == "null");
  }

  TEST_CASE("indents, and reads back as the same value") {
    const json::value value = json::parse(R"({"a":[],"b":{},"c":[1,{"d":"quote\" \u0007"}]})");
    const std::string text = offhook::json_text(value, 2);
    CHECK(text.find("  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n") != std::string::npos);
    CHECK(json::parse(text) == value);
  }
}
