#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/json.hpp"

namespace offhook::openai {

/// The few fields of an event that are read, without copying the event. What is missing or of
/// another type is empty, or 0.
class Fields {
 public:
  explicit Fields(const boost::json::object& body) : body_{body} {}

  [[nodiscard]] const boost::json::value* at(std::string_view name) const {
    return body_.if_contains(name);
  }
  [[nodiscard]] std::string text(std::string_view name) const {
    return text_if(name).value_or(std::string{});
  }
  [[nodiscard]] std::optional<std::string> text_if(std::string_view name) const {
    const boost::json::value* value = at(name);
    return value != nullptr && value->is_string() ? std::optional{std::string{value->get_string()}}
                                                  : std::nullopt;
  }
  /// A string inside the object `name`.
  [[nodiscard]] std::string text(std::string_view name, std::string_view inner) const {
    const boost::json::value* value = at(name);
    return value == nullptr ? std::string{} : std::string{json_string(*value, inner)};
  }
  [[nodiscard]] std::int64_t integer(std::string_view name) const {
    const boost::json::value* value = at(name);
    return value == nullptr ? 0 : whole(*value);
  }
  [[nodiscard]] double number(std::string_view name, std::string_view inner) const {
    const boost::json::value* value = at(name);
    const boost::json::value* found = value == nullptr ? nullptr : json_at(*value, inner);
    if (found == nullptr || !found->is_number()) {
      return 0;
    }
    boost::system::error_code ignored;
    return found->to_number<double>(ignored);
  }

 private:
  static std::int64_t whole(const boost::json::value& value) {
    if (!value.is_number()) {
      return 0;
    }
    boost::system::error_code inexact;
    const auto integer = value.to_number<std::int64_t>(inexact);
    return inexact ? 0 : integer;
  }

  const boost::json::object& body_;
};

}  // namespace offhook::openai
