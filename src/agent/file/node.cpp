#include "agent/file/node.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace offhook::agent::file {
namespace {

namespace json = boost::json;

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

json::value scalar_to_json(const Node& node) {
  const std::string_view text = node.text;
  if (node.quoted) {
    return json::string{text};
  }
  if (text == "true" || text == "false") {
    return text == "true";
  }
  if (text == "null" || text == "~") {
    return nullptr;
  }
  std::int64_t integer = 0;
  if (read_number(text, integer)) {
    return integer;
  }
  double number = 0;
  // "nan" and "inf" are words here, JSON has no such numbers.
  if (read_number(text, number) && std::isfinite(number)) {
    return number;
  }
  return json::string{text};
}

}  // namespace

const Member* Node::find(std::string_view name) const noexcept {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.name == name; });
  return found == members.end() ? nullptr : &*found;
}

json::value to_json(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return nullptr;
    case Node::Kind::scalar: return scalar_to_json(node);
    case Node::Kind::list: {
      json::array array;
      for (const Node& item : node.items) {
        array.push_back(to_json(item));
      }
      return array;
    }
    case Node::Kind::map: break;
  }
  json::object object;
  for (const Member& member : node.members) {
    object.insert_or_assign(member.name, to_json(member.value));
  }
  return object;
}

}  // namespace offhook::agent::file
