#include "agent/tools/json_schema.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string_view>

#include <boost/json/serialize.hpp>
#include <boost/regex.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace offhook::agent {

namespace json = boost::json;

namespace {

constexpr std::size_t max_errors = 10;
constexpr std::size_t max_pattern_text = 4'096;

bool has_type(const json::value& value, std::string_view type) {
  switch (value.kind()) {
    case json::kind::null: return type == "null";
    case json::kind::bool_: return type == "boolean";
    case json::kind::string: return type == "string";
    case json::kind::array: return type == "array";
    case json::kind::object: return type == "object";
    case json::kind::int64:
    case json::kind::uint64: return type == "integer" || type == "number";
    case json::kind::double_: break;
  }
  const double number = value.get_double();
  return type == "number" || (type == "integer" && number == std::floor(number));
}

std::string_view type_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return "null";
    case json::kind::bool_: return "a boolean";
    case json::kind::string: return "a string";
    case json::kind::array: return "an array";
    case json::kind::object: return "an object";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_: break;
  }
  return "a number";
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

/// The values of an enum, short enough to be read.
std::string listed(const json::array& values) {
  std::string text;
  for (const json::value& value : values) {
    if (text.size() > 300) {
      return text + ", …";
    }
    text += (text.empty() ? "" : ", ") + json::serialize(value);
  }
  return text;
}

class Validator {
 public:
  std::vector<std::string> errors;

  void check(const json::value& schema, const json::value& value, const std::string& path) {
    if (schema.is_bool()) {
      if (!schema.get_bool()) {
        add(path, "is not allowed");
      }
      return;
    }
    const json::object* const rules = schema.if_object();
    if (rules == nullptr || errors.size() >= max_errors) {
      return;
    }
    if (!check_type(*rules, value, path)) {
      return;
    }
    check_choice(*rules, value, path);
    if (value.is_object()) {
      check_object(*rules, value.get_object(), path);
    } else if (value.is_array()) {
      check_array(*rules, value.get_array(), path);
    } else if (value.is_string()) {
      check_string(*rules, value.get_string(), path);
    } else if (value.is_number()) {
      check_number(*rules, value.to_number<double>(), path);
    }
    check_combined(*rules, value, path);
  }

 private:
  void add(const std::string& path, std::string_view what) {
    if (errors.size() < max_errors) {
      errors.push_back(path.empty() ? fmt::format("the arguments: {}", what)
                                    : fmt::format("{}: {}", path, what));
    }
  }

  static std::string inner(const std::string& path, std::string_view name) {
    return path.empty() ? std::string{name} : fmt::format("{}.{}", path, name);
  }

  bool check_type(const json::object& rules, const json::value& value, const std::string& path) {
    const auto* const type = rules.if_contains("type");
    if (type == nullptr) {
      return true;
    }
    std::vector<std::string_view> allowed;
    if (type->is_string()) {
      allowed.push_back(type->get_string());
    } else if (type->is_array()) {
      for (const json::value& one : type->get_array()) {
        if (one.is_string()) {
          allowed.push_back(one.get_string());
        }
      }
    }
    const bool fits = std::any_of(allowed.begin(), allowed.end(),
                                  [&](std::string_view name) { return has_type(value, name); });
    if (!fits) {
      add(path,
          fmt::format("must be of type {}, not {}", fmt::join(allowed, " or "), type_name(value)));
    }
    return fits;
  }

  void check_choice(const json::object& rules, const json::value& value, const std::string& path) {
    const auto* const choices = rules.if_contains("enum");
    if (choices != nullptr && choices->is_array()) {
      const json::array& all = choices->get_array();
      if (std::none_of(all.begin(), all.end(),
                       [&](const json::value& one) { return json_equal(one, value); })) {
        add(path, "must be one of " + listed(all));
      }
    }
    const auto* const only = rules.if_contains("const");
    if (only != nullptr && !json_equal(*only, value)) {
      add(path, "must be " + json::serialize(*only));
    }
  }

  /// @return the number of that rule, if it has one.
  static const json::value* limit(const json::object& rules, std::string_view name) {
    const auto* const found = rules.if_contains(name);
    return found != nullptr && found->is_number() ? found : nullptr;
  }

  struct SizeRule {
    std::string_view least;
    std::string_view most;
    std::string_view unit;
  };

  void check_size(const json::object& rules,
                  SizeRule rule,
                  std::size_t size,
                  const std::string& path) {
    if (const auto* const least = limit(rules, rule.least);
        least != nullptr && static_cast<double>(size) < least->to_number<double>()) {
      add(path, fmt::format("must have at least {} {}", json::serialize(*least), rule.unit));
    }
    if (const auto* const most = limit(rules, rule.most);
        most != nullptr && static_cast<double>(size) > most->to_number<double>()) {
      add(path, fmt::format("must have at most {} {}", json::serialize(*most), rule.unit));
    }
  }

  void check_object(const json::object& rules, const json::object& value, const std::string& path) {
    check_size(rules, {"minProperties", "maxProperties", "properties"}, value.size(), path);
    if (const auto* const required = rules.if_contains("required");
        required != nullptr && required->is_array()) {
      for (const json::value& name : required->get_array()) {
        if (name.is_string() && !value.contains(name.get_string())) {
          add(inner(path, name.get_string()), "is required");
        }
      }
    }
    const auto* const properties = rules.if_contains("properties");
    const auto* const additional = rules.if_contains("additionalProperties");
    for (const auto& [name, member] : value) {
      const auto* const known = properties != nullptr && properties->is_object()
                                    ? properties->get_object().if_contains(name)
                                    : nullptr;
      if (known != nullptr) {
        check(*known, member, inner(path, name));
      } else if (additional != nullptr && additional->is_bool() && !additional->get_bool()) {
        add(inner(path, name), "is no known property");
      } else if (additional != nullptr) {
        check(*additional, member, inner(path, name));
      }
    }
  }

  void check_array(const json::object& rules, const json::array& value, const std::string& path) {
    check_size(rules, {"minItems", "maxItems", "items"}, value.size(), path);
    if (const auto* const items = rules.if_contains("items")) {
      for (std::size_t i = 0; i < value.size() && errors.size() < max_errors; ++i) {
        check(*items, value[i], fmt::format("{}[{}]", path, i));
      }
    }
    const auto* const unique = rules.if_contains("uniqueItems");
    if (unique != nullptr && unique->is_bool() && unique->get_bool()) {
      check_unique(value, path);
    }
  }

  void check_unique(const json::array& value, const std::string& path) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (json_equal(value[i], value[j])) {
          add(path, fmt::format("items {} and {} are the same, each may stand there once", j, i));
          return;
        }
      }
    }
  }

  void check_string(const json::object& rules, std::string_view value, const std::string& path) {
    check_size(rules, {"minLength", "maxLength", "characters"}, characters(value), path);
    const auto* const pattern = rules.if_contains("pattern");
    if (pattern == nullptr || !pattern->is_string()) {
      return;
    }
    bool fits = false;
    try {
      const boost::regex expression{std::string{pattern->get_string()}};
      fits = value.size() <= max_pattern_text &&
             boost::regex_search(value.begin(), value.end(), expression);
    } catch (const std::runtime_error&) {  // no pattern, or too much work: it does not fit
      fits = false;
    }
    if (!fits) {
      add(path, fmt::format("must fit the pattern {}", std::string_view{pattern->get_string()}));
    }
  }

  void check_number(const json::object& rules, double value, const std::string& path) {
    const auto bound = [&](std::string_view name, std::string_view words, auto fits) {
      const auto* const given = limit(rules, name);
      if (given != nullptr && !fits(value, given->to_number<double>())) {
        add(path, fmt::format("must be {} {}", words, json::serialize(*given)));
      }
    };
    bound("minimum", "at least", [](double v, double least) { return v >= least; });
    bound("maximum", "at most", [](double v, double most) { return v <= most; });
    bound("exclusiveMinimum", "more than", [](double v, double least) { return v > least; });
    bound("exclusiveMaximum", "less than", [](double v, double most) { return v < most; });
    bound("multipleOf", "a multiple of", [](double v, double step) {
      const double times = v / step;
      return step > 0 &&
             std::abs(times - std::round(times)) < 1e-9 * std::max(1.0, std::abs(times));
    });
  }

  static bool fits(const json::value& schema, const json::value& value) {
    Validator inside;
    inside.check(schema, value, {});
    return inside.errors.empty();
  }

  void check_combined(const json::object& rules,
                      const json::value& value,
                      const std::string& path) {
    if (const auto* const all = rules.if_contains("allOf"); all != nullptr && all->is_array()) {
      for (const json::value& one : all->get_array()) {
        check(one, value, path);
      }
    }
    const auto fitting = [&](const json::array& options) {
      return std::count_if(options.begin(), options.end(),
                           [&](const json::value& one) { return fits(one, value); });
    };
    if (const auto* const any = rules.if_contains("anyOf");
        any != nullptr && any->is_array() && fitting(any->get_array()) == 0) {
      explain_options(any->get_array(), value, path);
    }
    if (const auto* const one = rules.if_contains("oneOf"); one != nullptr && one->is_array()) {
      const auto count = fitting(one->get_array());
      if (count == 0) {
        explain_options(one->get_array(), value, path);
      } else if (count > 1) {
        add(path, "fits more than one of the allowed forms, and must fit exactly one");
      }
    }
    if (const auto* const unwanted = rules.if_contains("not");
        unwanted != nullptr && fits(*unwanted, value)) {
      add(path, "has a form that is not allowed: " + json::serialize(*unwanted).substr(0, 200));
    }
  }

  /// Why none of the options fits: what the option that comes closest complains about.
  void explain_options(const json::array& options,
                       const json::value& value,
                       const std::string& path) {
    std::vector<std::string> nearest;
    for (const json::value& option : options) {
      Validator inside;
      inside.check(option, value, path);
      if (nearest.empty() || inside.errors.size() < nearest.size()) {
        nearest = std::move(inside.errors);
      }
    }
    add(path, fmt::format("fits none of the {} allowed forms ({})", options.size(),
                          fmt::join(nearest, "; ")));
  }
};

}  // namespace

std::vector<std::string> validation_errors(const json::value& schema, const json::value& value) {
  Validator validator;
  validator.check(schema, value, {});
  return std::move(validator.errors);
}

bool json_equal(const json::value& a, const json::value& b) noexcept {
  if (a.is_number() && b.is_number()) {
    if (a.is_double() || b.is_double()) {
      return a.to_number<double>() == b.to_number<double>();
    }
    return a == b;
  }
  if (a.kind() != b.kind()) {
    return false;
  }
  if (a.is_array()) {
    return std::equal(a.get_array().begin(), a.get_array().end(), b.get_array().begin(),
                      b.get_array().end(), json_equal);
  }
  if (a.is_object()) {
    const json::object& other = b.get_object();
    return a.get_object().size() == other.size() &&
           std::all_of(a.get_object().begin(), a.get_object().end(), [&](const auto& member) {
             const auto* const same = other.if_contains(member.key());
             return same != nullptr && json_equal(member.value(), *same);
           });
  }
  return a == b;
}

}  // namespace offhook::agent
