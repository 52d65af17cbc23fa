#include <algorithm>
#include <array>
#include <string_view>

#include <boost/regex.hpp>
#include <fmt/format.h>

#include "agent/file/problems.hpp"
#include "agent/tools/json_schema.hpp"

namespace offhook::agent {
namespace {

namespace json = boost::json;

enum class Form : std::uint8_t {
  type,
  array,
  any,
  names,
  schema,
  schemas,
  named_schemas,
  size,
  number,
  flag,
  pattern,
  annotation,
};

struct Keyword {
  std::string_view name;
  Form form;
};

constexpr std::array<Keyword, 36> keywords{{
    {"type", Form::type},
    {"enum", Form::array},
    {"const", Form::any},
    {"properties", Form::named_schemas},
    {"required", Form::names},
    {"additionalProperties", Form::schema},
    {"minProperties", Form::size},
    {"maxProperties", Form::size},
    {"items", Form::schema},
    {"minItems", Form::size},
    {"maxItems", Form::size},
    {"uniqueItems", Form::flag},
    {"minimum", Form::number},
    {"maximum", Form::number},
    {"exclusiveMinimum", Form::number},
    {"exclusiveMaximum", Form::number},
    {"multipleOf", Form::number},
    {"minLength", Form::size},
    {"maxLength", Form::size},
    {"pattern", Form::pattern},
    {"anyOf", Form::schemas},
    {"oneOf", Form::schemas},
    {"allOf", Form::schemas},
    {"not", Form::schema},
    {"title", Form::annotation},
    {"description", Form::annotation},
    {"default", Form::annotation},
    {"examples", Form::annotation},
    {"format", Form::annotation},
    {"deprecated", Form::annotation},
    {"readOnly", Form::annotation},
    {"writeOnly", Form::annotation},
    {"$schema", Form::annotation},
    {"$id", Form::annotation},
    {"$comment", Form::annotation},
    {"strict", Form::annotation},
}};

constexpr std::array<std::string_view, 7> types{"string", "number", "integer", "boolean",
                                                "object", "array",  "null"};

class SchemaCheck {
 public:
  std::vector<std::string> problems;

  void check(const json::value& schema, const std::string& path) {
    if (schema.is_bool()) {
      return;
    }
    if (!schema.is_object()) {
      add(path, "must be an object (a schema)");
      return;
    }
    for (const auto& [name, value] : schema.get_object()) {
      const std::string inside =
          path.empty() ? std::string{name} : fmt::format("{}.{}", path, std::string_view{name});
      const auto known = std::find_if(keywords.begin(), keywords.end(),
                                      [&](const Keyword& k) { return k.name == name; });
      if (known == keywords.end()) {
        unknown(name, inside);
      } else {
        check_keyword(known->form, value, inside);
      }
    }
  }

 private:
  void add(const std::string& path, std::string_view what) {
    problems.push_back(path.empty() ? std::string{what} : fmt::format("{}: {}", path, what));
  }

  void expect(bool fine, const std::string& path, std::string_view what) {
    if (!fine) {
      add(path, fmt::format("must be {}", what));
    }
  }

  void unknown(std::string_view name, const std::string& path) {
    if (name == "$ref" || name == "$defs" || name == "definitions") {
      add(path, "references are not supported; write the schema out");
      return;
    }
    std::vector<std::string_view> names;
    for (const Keyword& keyword : keywords) {
      names.push_back(keyword.name);
    }
    add(path, "is no keyword of JSON Schema that is supported" + file::suggestion(name, names));
  }

  void check_keyword(Form form, const json::value& value, const std::string& path) {
    const bool texts =
        value.is_array() && std::all_of(value.get_array().begin(), value.get_array().end(),
                                        [](const json::value& one) { return one.is_string(); });
    switch (form) {
      case Form::type: check_type(value, texts, path); break;
      case Form::array:
        expect(value.is_array() && !value.get_array().empty(), path, "a list that is not empty");
        break;
      case Form::names: expect(texts, path, "a list of names"); break;
      case Form::schema: check(value, path); break;
      case Form::schemas: check_schemas(value, path); break;
      case Form::named_schemas: check_named(value, path); break;
      case Form::size:
        expect(value.is_int64() && value.get_int64() >= 0, path, "a whole number, 0 or more");
        break;
      case Form::number: expect(value.is_number(), path, "a number"); break;
      case Form::flag: expect(value.is_bool(), path, "true or false"); break;
      case Form::pattern: check_pattern(value, path); break;
      case Form::any:
      case Form::annotation: break;
    }
  }

  void check_type(const json::value& value, bool texts, const std::string& path) {
    const auto check_name = [&](std::string_view name) {
      if (std::find(types.begin(), types.end(), name) == types.end()) {
        const std::vector<std::string_view> all{types.begin(), types.end()};
        add(path, fmt::format("\"{}\" is no type; allowed are {}{}", name, file::alternatives(all),
                              file::suggestion(name, all)));
      }
    };
    if (value.is_string()) {
      check_name(value.get_string());
    } else if (texts && !value.get_array().empty()) {
      for (const json::value& one : value.get_array()) {
        check_name(one.get_string());
      }
    } else {
      add(path, "must be the name of a type, or a list of such names");
    }
  }

  void check_schemas(const json::value& value, const std::string& path) {
    if (!value.is_array() || value.get_array().empty()) {
      add(path, "must be a list of schemas that is not empty");
      return;
    }
    for (std::size_t i = 0; i < value.get_array().size(); ++i) {
      check(value.get_array()[i], fmt::format("{}[{}]", path, i));
    }
  }

  void check_named(const json::value& value, const std::string& path) {
    if (!value.is_object()) {
      add(path, "must be a map of names and schemas");
      return;
    }
    for (const auto& [name, schema] : value.get_object()) {
      check(schema, fmt::format("{}.{}", path, std::string_view{name}));
    }
  }

  void check_pattern(const json::value& value, const std::string& path) {
    if (!value.is_string()) {
      add(path, "must be a regular expression");
      return;
    }
    try {
      const boost::regex expression{std::string{value.get_string()}};
    } catch (const boost::regex_error& wrong) {
      add(path, fmt::format("is no regular expression: {}", wrong.what()));
    }
  }
};

}  // namespace

std::vector<std::string> schema_problems(const json::value& schema) {
  SchemaCheck check;
  check.check(schema, {});
  if (schema.is_object() && check.problems.empty()) {
    const auto* const type = schema.get_object().if_contains("type");
    if (type == nullptr || !type->is_string() || type->get_string() != "object") {
      check.problems.emplace_back("type: must be object: arguments have names");
    }
  }
  return std::move(check.problems);
}

}  // namespace offhook::agent
