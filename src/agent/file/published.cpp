#include "agent/file/published.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "agent/file/fields.hpp"

namespace offhook::agent::file {
namespace {

namespace json = boost::json;

json::object object_schema(const Section& section);

/// Anything may come from the environment.
json::value or_environment(json::object schema) {
  return json::object{
      {"anyOf", json::array{std::move(schema),
                            json::object{{"type", "string"}, {"pattern", "\\$\\{[^}]+\\}"}}}}};
}

/// YAML readers differ in whether a plain `off` is a word or false.
json::array words_of(const Field& field) {
  json::array words;
  for (const std::string_view word : split_words(field.words)) {
    words.emplace_back(word);
    if (word == "off") {
      words.emplace_back(false);
    }
  }
  return words;
}

/// Plain numbers are texts, too: `called: 112`.
json::object text_schema() { return {{"type", json::array{"string", "number"}}}; }

json::object number_schema(const Field& field) {
  json::object schema{{"type", field.kind == FieldKind::integer ? "integer" : "number"},
                      {"minimum", field.least}};
  if (field.most < Field{}.most) {
    schema["maximum"] = field.most;
  }
  return schema;
}

json::object duration_schema(const Field& field) {
  json::array forms{json::object{{"type", "string"}, {"pattern", "^([0-9]+(ms|s|m|h|d)|0)$"}},
                    json::object{{"const", 0}}};
  if (!field.words.empty()) {
    forms.push_back(json::object{{"enum", words_of(field)}});
  }
  return {{"anyOf", std::move(forms)}};
}

json::value schema_of(const Field& field) {
  switch (field.kind) {
    case FieldKind::text:
    case FieldKind::secret: return text_schema();
    case FieldKind::integer:
    case FieldKind::number: return or_environment(number_schema(field));
    case FieldKind::flag: return or_environment({{"type", "boolean"}});
    case FieldKind::duration: return or_environment(duration_schema(field));
    case FieldKind::word: return or_environment({{"enum", words_of(field)}});
    case FieldKind::texts:
    case FieldKind::secrets: {
      const json::object list{{"type", "array"}, {"items", text_schema()}};
      return json::object{{"anyOf", json::array{text_schema(), list}}};
    }
    case FieldKind::text_map:
    case FieldKind::secret_map:
      return json::object{{"type", "object"}, {"additionalProperties", text_schema()}};
    case FieldKind::json: return json::object{{"type", "object"}};
    case FieldKind::section:
      if (!field.words.empty()) {
        const json::object words{{"enum", words_of(field)}};
        return json::object{{"anyOf", json::array{object_schema(*field.section), words}}};
      }
      return object_schema(*field.section);
    case FieldKind::list:
      return json::object{{"type", "array"}, {"items", object_schema(*field.section)}};
    case FieldKind::map: break;
  }
  return json::object{{"type", "object"}, {"additionalProperties", object_schema(*field.section)}};
}

json::object object_schema(const Section& section) {
  json::object properties;
  json::array required;
  for (const Field& field : section.fields) {
    json::object property = schema_of(field).as_object();
    property["description"] = field.meaning;
    if (!field.standard.empty()) {
      property["description"] = fmt::format("{} Default: {}", field.meaning, field.standard);
    }
    properties[field.name] = std::move(property);
    if (field.required) {
      required.emplace_back(field.name);
    }
  }
  json::object schema{
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) {
    schema["required"] = std::move(required);
  }
  return schema;
}

std::string value_text(const Field& field) {
  switch (field.kind) {
    case FieldKind::text: return "text";
    case FieldKind::secret: return "secret";
    case FieldKind::integer:
      return field.most < Field{}.most ? fmt::format("{} to {:.0f}", field.least, field.most)
                                       : "whole number";
    case FieldKind::number: return "number";
    case FieldKind::flag: return "true, false";
    case FieldKind::duration: return "time";
    case FieldKind::word: return "";
    case FieldKind::texts: return "texts";
    case FieldKind::secrets: return "secrets";
    case FieldKind::text_map: return "names and texts";
    case FieldKind::secret_map: return "names and secrets";
    case FieldKind::json: return "object";
    case FieldKind::section: return "fields";
    case FieldKind::list: return "list of fields";
    case FieldKind::map: break;
  }
  return "names and fields";
}

void add_rows(const Section& section, const std::string& prefix, std::string& table) {
  for (const Field& field : section.fields) {
    const std::string path = prefix + std::string{field.name};
    std::string value = value_text(field);
    for (const std::string_view word : split_words(field.words)) {
      value += (value.empty() ? "`" : ", `") + std::string{word} + "`";
    }
    std::string standard{field.standard};
    std::replace(standard.begin(), standard.end(), '|', '/');
    table += fmt::format("| `{}` | {} | {} | {} |\n", path, value,
                         field.required ? "**needed**" : standard, field.meaning);
    if (field.section != nullptr) {
      const std::string_view step = field.kind == FieldKind::map    ? ".NAME."
                                    : field.kind == FieldKind::list ? "[]."
                                                                    : ".";
      add_rows(*field.section, path + std::string{step}, table);
    }
  }
}

}  // namespace

json::object published_schema() {
  json::object schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
                      {"title", "offhook agent file"}};
  for (auto& [key, value] : object_schema(root_section())) {
    schema[key] = std::move(value);
  }
  return schema;
}

std::string published_table() {
  std::string table = "| field | value | default | meaning |\n|---|---|---|---|\n";
  add_rows(root_section(), {}, table);
  return table;
}

}  // namespace offhook::agent::file
