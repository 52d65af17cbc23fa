#include "agent/tools/json_schema.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "agent/tools/arguments.hpp"
#include "agent/tools/built_in.hpp"

using namespace offhook::agent;

namespace {

/// All errors, joined.
std::string errors(const char* schema, const char* value) {
  std::string all;
  for (const std::string& error :
       validation_errors(boost::json::parse(schema), boost::json::parse(value))) {
    all += (all.empty() ? "" : " | ") + error;
  }
  return all;
}

std::string problems(const char* schema) {
  std::string all;
  for (const std::string& problem : schema_problems(boost::json::parse(schema))) {
    all += (all.empty() ? "" : " | ") + problem;
  }
  return all;
}

struct Row {
  const char* schema;
  const char* value;
  const char* error;
};

}  // namespace

TEST_SUITE("JSON schema") {
  TEST_CASE("each keyword lets pass what it should, and says what to mend") {
    const Row rows[] = {
        {R"({"type":"string"})", R"("a")", ""},
        {R"({"type":"string"})", "1", "the arguments: must be of type string, not a number"},
        {R"({"type":["string","null"]})", "null", ""},
        {R"({"type":["string","null"]})", "true",
         "the arguments: must be of type string or null, not a boolean"},
        {R"({"type":"integer"})", "12.0", ""},
        {R"({"type":"integer"})", "12.5", "the arguments: must be of type integer, not a number"},
        {R"({"type":"number"})", "18446744073709551615", ""},
        {R"({"enum":["s","m",1]})", "1.0", ""},
        {R"({"enum":["s","m"]})", R"("l")", R"(the arguments: must be one of "s", "m")"},
        {R"({"const":{"a":[1]}})", R"({"a":[1.0]})", ""},
        {R"({"const":1})", "2", "the arguments: must be 1"},
        {R"({"required":["a"]})", "{}", "a: is required"},
        {R"({"properties":{"a":{"properties":{"b":{"type":"string"}}}}})", R"({"a":{"b":1}})",
         "a.b: must be of type string, not a number"},
        {R"({"properties":{"a":{}},"additionalProperties":false})", R"({"a":1,"b":2})",
         "b: is no known property"},
        {R"({"additionalProperties":{"type":"string"}})", R"({"b":2})",
         "b: must be of type string, not a number"},
        {R"({"items":{"type":"integer"}})", R"([1,"2"])",
         "[1]: must be of type integer, not a string"},
        {R"({"minItems":2})", "[1]", "the arguments: must have at least 2 items"},
        {R"({"maxItems":1})", "[1,2]", "the arguments: must have at most 1 items"},
        {R"({"uniqueItems":true})", "[1,2,1.0]",
         "the arguments: items 0 and 2 are the same, each may stand there once"},
        {R"({"minimum":1})", "0.5", "the arguments: must be at least 1"},
        {R"({"maximum":1})", "2", "the arguments: must be at most 1"},
        {R"({"exclusiveMinimum":1})", "1", "the arguments: must be more than 1"},
        {R"({"exclusiveMaximum":1})", "1", "the arguments: must be less than 1"},
        {R"({"multipleOf":0.1})", "0.3", ""},
        {R"({"multipleOf":2})", "3", "the arguments: must be a multiple of 2"},
        {R"({"minLength":2})", "\"\xc3\xa9\"", "the arguments: must have at least 2 characters"},
        {R"({"maxLength":1})", "\"\xc3\xa9\"", ""},
        {R"({"pattern":"^[0-9]+$"})", R"("12a")", "the arguments: must fit the pattern ^[0-9]+$"},
        {R"({"pattern":"b"})", R"("abc")", ""},
        {R"({"minProperties":1})", "{}", "the arguments: must have at least 1 properties"},
        {R"({"anyOf":[{"type":"string"},{"minimum":5}]})", "3",
         "the arguments: fits none of the 2 allowed forms (the arguments: must be of type string, "
         "not a number)"},
        {R"({"anyOf":[{"type":"string"},{"minimum":5}]})", "6", ""},
        {R"({"oneOf":[{"minimum":1},{"minimum":5}]})", "6",
         "the arguments: fits more than one of the allowed forms, and must fit exactly one"},
        {R"({"oneOf":[{"minimum":1},{"minimum":5}]})", "2", ""},
        {R"({"allOf":[{"minimum":1},{"maximum":5}]})", "6", "the arguments: must be at most 5"},
        {R"({"not":{"type":"string"}})", R"("a")",
         R"(the arguments: has a form that is not allowed: {"type":"string"})"},
        {R"({"properties":{"a":false}})", R"({"a":1})", "a: is not allowed"},
        {R"({"format":"email"})", R"("no address")", ""},
    };
    for (const Row& row : rows) {
      CAPTURE(row.schema);
      CAPTURE(row.value);
      CHECK(errors(row.schema, row.value) == row.error);
    }
  }

  TEST_CASE("a pattern that would run for ever does not fit") {
    CHECK_FALSE(errors(R"({"pattern":"^(a+)+$"})",
                       R"("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")")
                    .empty());
  }

  TEST_CASE("ten errors are enough") {
    const boost::json::value list(boost::json::array(100, "x"));
    CHECK(validation_errors(boost::json::parse(R"({"items":{"type":"integer"}})"), list).size() ==
          10);
  }

  TEST_CASE("a schema that cannot be checked is a problem of the file") {
    CHECK(problems(R"({"type":"object","properties":{"a":{"type":"string","maxLength":3}},
                       "required":["a"],"additionalProperties":false})")
              .empty());
    const Row rows[] = {
        {R"({"type":"object","requried":[]})", "",
         R"(requried: is no keyword of JSON Schema that is supported (did you mean "required"?))"},
        {R"({"type":"array"})", "", "type: must be object: arguments have names"},
        {R"({"type":"object","properties":{"a":{"$ref":"#/x"}}})", "",
         "properties.a.$ref: references are not supported; write the schema out"},
        {R"({"type":"object","properties":{"a":{"type":"int"}}})", "",
         R"(properties.a.type: "int" is no type; allowed are string, number, integer, boolean, object, array or null)"},
        {R"({"type":"object","properties":{"a":{"minLength":-1}}})", "",
         "properties.a.minLength: must be a whole number, 0 or more"},
        {R"({"type":"object","anyOf":[]})", "",
         "anyOf: must be a list of schemas that is not empty"},
        {R"({"type":"object","required":"a"})", "", "required: must be a list of names"},
    };
    for (const Row& row : rows) {
      CHECK(problems(row.schema) == row.error);
    }
    CHECK(problems(R"({"type":"object","properties":{"a":{"pattern":"("}}})")
              .starts_with("properties.a.pattern: is no regular expression"));
  }
}

TEST_SUITE("arguments") {
  TEST_CASE("of a valid call are handed over, of others the model is told what to mend") {
    ToolConfig tool;
    tool.parameters =
        boost::json::parse(
            R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]})")
            .as_object();
    const auto fine = parse_arguments(tool, R"({"n":3})");
    REQUIRE(fine);
    CHECK(fine->at("n") == 3);
    CHECK(parse_arguments(tool, "").error().detail ==
          "the arguments do not fit: n: is required; mend them and call the tool again");
    CHECK(parse_arguments(tool, "{\"n\":").error().detail.find("no valid JSON") !=
          std::string::npos);
    CHECK_FALSE(parse_arguments(tool, "[1]"));
    tool.parameters = {};
    CHECK(parse_arguments(tool, " \n"));
  }

  TEST_CASE("of built-in tools are held against their own schemas") {
    ToolConfig transfer;
    transfer.kind = ToolConfig::Kind::transfer;
    ToolConfig listed = transfer;
    listed.transfer_targets = {"tel:+1"};
    complete_built_in(transfer);
    complete_built_in(listed);
    CHECK(transfer.name == "transfer");
    CHECK(parse_arguments(transfer, R"({"target":"sip:desk@example.com"})"));
    CHECK_FALSE(parse_arguments(transfer, R"({"target":"sip:a@b>;x=<sip:c@d"})"));
    CHECK(parse_arguments(listed, R"({"target":"tel:+1"})"));
    CHECK_FALSE(parse_arguments(listed, R"({"target":"tel:+2"})"));

    const auto digits = undeclared_built_in("send_digits");
    REQUIRE(digits);
    CHECK(parse_arguments(*digits, R"({"digits":"1,,23#"})"));
    CHECK_FALSE(parse_arguments(*digits, R"({"digits":"12x"})"));
    const auto hang_up = undeclared_built_in("hang_up");
    REQUIRE(hang_up);
    CHECK(parse_arguments(*hang_up, ""));
    CHECK_FALSE(undeclared_built_in("transfer"));
    for (const ToolConfig& tool : {transfer, listed, *digits, *hang_up}) {
      const boost::json::value schema(tool.parameters);
      CHECK(schema_problems(schema).empty());
      CHECK_FALSE(tool.description.empty());
    }
  }
}
