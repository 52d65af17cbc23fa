#include "base/json_text.hpp"

#include <cmath>
#include <string_view>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace offhook {
namespace {

namespace json = boost::json;

std::string number_text(double number) {
  if (!std::isfinite(number)) {
    return "null";
  }
  std::string text = fmt::format("{:.3f}", number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) {
    text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

class Writer {
 public:
  explicit Writer(int indent) : indent_{indent} {}

  void write(const json::value& value) {
    if (const json::object* object = value.if_object()) {
      write_members(*object, '{', '}', [this](const json::key_value_pair& member) {
        const json::string_view key = member.key();
        text += json::serialize(json::string{key});
        text += indent_ > 0 ? ": " : ":";
        write(member.value());
      });
    } else if (const json::array* array = value.if_array()) {
      write_members(*array, '[', ']', [this](const json::value& item) { write(item); });
    } else if (const double* number = value.if_double()) {
      text += number_text(*number);
    } else {
      text += json::serialize(value);
    }
  }

  std::string text;

 private:
  template <class Container, class WriteOne>
  void write_members(const Container& members, char open, char close, WriteOne write_one) {
    text += open;
    ++level_;
    bool first = true;
    for (const auto& member : members) {
      if (!first) {
        text += ',';
      }
      first = false;
      new_line();
      write_one(member);
    }
    --level_;
    if (!first) {
      new_line();
    }
    text += close;
  }

  void new_line() {
    if (indent_ > 0) {
      text += '\n';
      text.append(static_cast<std::size_t>(indent_ * level_), ' ');
    }
  }

  int indent_;
  int level_ = 0;
};

}  // namespace

std::string json_text(const json::value& value, int indent) {
  Writer writer{indent};
  writer.write(value);
  return std::move(writer.text);
}

}  // namespace offhook
