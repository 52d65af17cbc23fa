#include "type_book.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "base/json.hpp"
#include "departures.hpp"

namespace offhook::conformance {
namespace {

namespace json = boost::json;
using Findings = std::vector<std::string>;

std::string shown(const json::value& value) {
  std::string text = json::serialize(value);
  constexpr std::size_t longest = 80;
  return text.size() > longest ? text.substr(0, longest) + "…" : text;
}

/// The name of a field without the mark that it is optional.
std::string_view bare(std::string_view field) {
  return field.ends_with('?') ? field.substr(0, field.size() - 1) : field;
}

const Departure* departure_of(std::string_view type, std::string_view field) {
  const auto* const found =
      std::find_if(departures.begin(), departures.end(), [&](const Departure& departure) {
        return departure.type == type && departure.field == field;
      });
  return found == departures.end() ? nullptr : found;
}

/// A response that is over tells what it used, and why it did not complete.
Findings missing_at_the_end(const json::value& event) {
  const auto is_null = [&](std::string_view path) {
    const json::value* const found = json_at(event, path);
    return found == nullptr || found->is_null();
  };
  Findings all;
  if (is_null("response.usage")) {
    all.emplace_back("response.done.response.usage: missing at the end");
  }
  if (json_string(event, "response.status") != "completed" && is_null("response.status_details")) {
    all.emplace_back("response.done.response.status_details: missing at the end");
  }
  return all;
}

/// Holds one value against one declared type.
class Check {
 public:
  Check(const json::object& types, Faults faults) : types_{types}, faults_{faults} {}

  Findings value(const json::value& value, const json::value& type, const std::string& where) {
    if (const auto* const name = type.if_string()) {
      return named(value, *name, where);
    }
    if (const auto* const list = type.as_object().if_contains("list")) {
      return elements(value, *list, where);
    }
    if (const auto* const choice = type.as_object().if_contains("any_of")) {
      return any_of(value, choice->as_array(), where);
    }
    return object(value, type.as_object(), {}, where);
  }

 private:
  Findings named(const json::value& value, std::string_view name, const std::string& where) {
    if (name.starts_with('#')) {
      name.remove_prefix(1);
      return object(value, types_.at(name).as_object(), name, where);
    }
    const bool literal = name.starts_with('\'');
    const bool fits =
        name == "any" || (name == "string" && value.is_string()) ||
        (name == "number" && value.is_number()) || (name == "boolean" && value.is_bool()) ||
        (name == "null" && value.is_null()) ||
        (literal && value.is_string() && value.get_string() == name.substr(1, name.size() - 2));
    return fits ? Findings{}
                : Findings{where + ": " + shown(value) + " is no " + std::string{name}};
  }

  Findings elements(const json::value& value, const json::value& type, const std::string& where) {
    const auto* const array = value.if_array();
    if (array == nullptr) {
      return {where + ": " + shown(value) + " is no list"};
    }
    Findings all;
    for (std::size_t i = 0; i < array->size(); ++i) {
      append(all, this->value((*array)[i], type, where + '[' + std::to_string(i) + ']'));
    }
    return all;
  }

  /// The findings of the member that fits best: its literals fit (a union's members differ in
  /// their `type`), and it has the fewest findings.
  Findings any_of(const json::value& value, const json::array& members, const std::string& where) {
    std::optional<Findings> best;
    bool best_is_meant = false;
    for (const json::value& member : members) {
      Findings findings = this->value(value, member, where);
      const bool meant = literals_fit(value, member);
      if (!best || (meant && !best_is_meant) ||
          (meant == best_is_meant && findings.size() < best->size())) {
        best = std::move(findings);
        best_is_meant = meant;
      }
    }
    return best.value_or(Findings{where + ": no type fits"});
  }

  bool literals_fit(const json::value& value, const json::value& type) {
    const auto* const name = type.if_string();
    const bool reference = name != nullptr && name->starts_with('#');
    const json::value& whole = reference ? types_.at(name->subview(1)) : type;
    const auto* const declared =
        whole.is_object() ? whole.get_object().if_contains("fields") : nullptr;
    if (declared == nullptr || !value.is_object()) {
      return false;
    }
    bool any = false;
    for (const auto& [field, wanted] : declared->as_object()) {
      if (!wanted.is_string() || !wanted.get_string().starts_with('\'')) {
        continue;
      }
      const std::string_view key = bare(field);
      const auto* const found = value.get_object().if_contains(key);
      if (found != nullptr && !named(*found, wanted.get_string(), {}).empty()) {
        return false;
      }
      any = any || found != nullptr;
    }
    return any;
  }

  Findings object(const json::value& value,
                  const json::object& type,
                  std::string_view name,
                  const std::string& where) {
    const auto* const given = value.if_object();
    if (given == nullptr) {
      return {where + ": " + shown(value) + " is no object"};
    }
    const json::object& fields = type.at("fields").as_object();
    Findings all;
    for (const auto& [key, wanted] : fields) {
      const std::string_view field = bare(key);
      const bool optional = field.size() < key.size();
      const auto* const found = given->if_contains(field);
      const std::string place = where + '.' + std::string{field};
      if (found == nullptr && !optional) {
        all.push_back(place + ": missing");
      } else if (found != nullptr && !departs(name, field, *found)) {
        append(all, this->value(*found, wanted, place));
      }
    }
    append(all, others(*given, type, name, where));
    return all;
  }

  /// Fields that have no type of their own.
  Findings others(const json::object& given,
                  const json::object& type,
                  std::string_view name,
                  const std::string& where) {
    const json::object& fields = type.at("fields").as_object();
    const json::value* const rest = type.if_contains("rest");
    Findings all;
    for (const auto& [key, value] : given) {
      if (fields.contains(key) || fields.contains(std::string{key} + '?')) {
        continue;
      }
      const std::string place = where + '.' + std::string{key};
      if (rest != nullptr) {
        append(all, this->value(value, *rest, place));
      } else if (const Departure* const known = departure_of(name, key)) {
        append(all, named(value, known->may_be, place));
      } else if (!faults_.extra_fields || key != fault_field) {
        all.push_back(place + ": no such field in " + std::string{name});
      }
    }
    return all;
  }

  bool departs(std::string_view type, std::string_view field, const json::value& value) {
    const Departure* const known = departure_of(type, field);
    return known != nullptr && named(value, known->may_be, {}).empty();
  }

  static void append(Findings& all, Findings more) {
    all.insert(all.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
  }

  const json::object& types_;
  Faults faults_;
};

}  // namespace

const TypeBook& TypeBook::committed() {
  static const TypeBook book = [] {
    std::ifstream file{OFFHOOK_OPENAI_TYPES};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    return TypeBook{json::parse(text)};
  }();
  return book;
}

Findings TypeBook::mismatches(const json::value& value,
                              std::string_view body,
                              Faults faults) const {
  const std::string_view declared = json_string(value, "type");
  if (faults.unknown_events && declared == fault_event) {
    return {};
  }
  const json::object& book = book_.as_object();
  const json::value& type = book.at("bodies").as_object().at(body);
  Findings all = Check{book.at("types").as_object(), faults}.value(
      value, type, std::string{declared.empty() ? body : declared});
  if (declared == "response.done") {
    Findings more = missing_at_the_end(value);
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

void check_body(const json::value& value, std::string_view body, Faults faults) {
  for (const std::string& mismatch : TypeBook::committed().mismatches(value, body, faults)) {
    FAIL_CHECK(body << " not as declared: " << mismatch);
  }
}

void check_error(const json::value& body) {
  const json::value text_or_null = json::object{{"any_of", json::array{"string", "null"}}};
  const json::object error{
      {"message", "string"}, {"type", "string"}, {"param", text_or_null}, {"code", text_or_null}};
  const json::object inner{{"fields", error}};
  const json::object envelope{{"fields", json::object{{"error", inner}}}};
  const json::object no_types;
  for (const std::string& mismatch : Check{no_types, {}}.value(body, envelope, "answer")) {
    FAIL_CHECK("error body not as documented: " << mismatch);
  }
}

void check_webhook(const json::value& event, Faults faults) {
  const std::string type{json_string(event, "type")};
  if (type == "realtime.call.incoming" || type == "live.transport.incoming" ||
      type == "live.call.incoming") {
    check_body(event, "webhook " + type, faults);
  }
}

}  // namespace offhook::conformance
