#include "sim/persona_task.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <regex>
#include <sstream>

#include <boost/json/serialize.hpp>

#include "base/json.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 11> digit_words{
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh"};

/// Words of names that say nothing about what a function is for.
constexpr std::array<std::string_view, 7> empty_words{"get",  "set",  "the", "lookup",
                                                      "find", "call", "make"};

bool is_number_like(std::string_view name, std::string_view type) {
  if (type == "integer" || type == "number") {
    return true;
  }
  for (const std::string_view part : {"number", "_id", "code", "digits"}) {
    if (name.find(part) != std::string_view::npos) {
      return true;
    }
  }
  return name == "id";
}

json::value value_for(std::string_view name, std::string_view type, const std::string& heard) {
  if (is_number_like(name, type)) {
    const std::string digits = spoken_digits(heard);
    if (digits.empty()) {
      return nullptr;
    }
    if ((type == "integer" || type == "number") && digits.size() <= 15) {
      return std::stoll(digits);
    }
    return json::string{digits};
  }
  static const std::regex object{
      R"(\b(?:in|to|for|from|on)\s+(?:the\s+)?(\w+(?: york| francisco)?))", std::regex::icase};
  std::smatch match;
  if (std::regex_search(heard, match, object)) {
    return json::string{match[1].str()};
  }
  return json::string{heard};
}

std::string plain(const json::value& value) {
  return value.is_string() ? std::string{value.get_string()} : json::serialize(value);
}

}  // namespace

std::optional<PersonaTask> task_in(std::string_view instructions) {
  static const std::regex task{
      R"(\bask\s{1,8}(?:the\s{1,8}caller\s{1,8}|them\s{1,8})?(?:for\s{1,8})?(.{1,60}?)[,;.]?\s{1,8}(?:and\s{1,8})?then\s{1,8}call\s{1,8}(?:the\s{1,8})?[`"']?(\w+))",
      std::regex::icase};
  std::match_results<std::string_view::const_iterator> match;
  if (!std::regex_search(instructions.begin(), instructions.end(), match, task)) {
    return std::nullopt;
  }
  return PersonaTask{match[1].str(), match[2].str()};
}

const json::object* tool_named(const json::array& tools, std::string_view name) {
  const auto found = std::find_if(tools.begin(), tools.end(), [&](const json::value& tool) {
    return json_string(tool, "name") == name;
  });
  return found == tools.end() ? nullptr : found->if_object();
}

const json::object* tool_meant(const json::array& tools, std::string_view heard) {
  for (const json::value& tool : tools) {
    std::string name{json_string(tool, "name")};
    std::replace(name.begin(), name.end(), '_', ' ');
    std::istringstream words{name};
    for (std::string word; words >> word;) {
      const bool says_something =
          word.size() > 3 &&
          std::find(empty_words.begin(), empty_words.end(), word) == empty_words.end();
      if (says_something && heard.find(word) != std::string_view::npos) {
        return tool.if_object();
      }
    }
  }
  return nullptr;
}

std::optional<json::object> arguments_from(const json::object& tool, std::string_view heard) {
  json::object arguments;
  const json::value declared = tool;
  const json::value* const properties = json_at(declared, "parameters.properties");
  if (properties == nullptr || !properties->is_object()) {
    return arguments;
  }
  for (const auto& property : properties->get_object()) {
    json::value value =
        value_for(property.key(), json_string(property.value(), "type"), std::string{heard});
    if (value.is_null()) {
      return std::nullopt;
    }
    arguments[property.key()] = std::move(value);
  }
  return arguments;
}

std::string spoken_digits(std::string_view words) {
  std::istringstream list{std::string{words}};
  std::string digits;
  for (std::string word; list >> word;) {
    const auto named = std::find(digit_words.begin(), digit_words.end(), word);
    if (named != digit_words.end()) {
      const auto digit = (named - digit_words.begin()) % 10;
      digits += static_cast<char>('0' + digit);
      continue;
    }
    std::copy_if(word.begin(), word.end(), std::back_inserter(digits),
                 [](unsigned char c) { return std::isdigit(c) != 0; });
  }
  return digits;
}

std::string in_words(std::string_view output) {
  constexpr std::size_t most_fields = 4;
  const auto value = parse_json(output);
  if (!value || !value->is_object()) {
    return "The answer is: " + (value ? plain(*value) : std::string{output}) + '.';
  }
  std::string text;
  std::size_t fields = 0;
  for (const auto& member : value->get_object()) {
    if (member.value().is_structured() || ++fields > most_fields) {
      continue;
    }
    std::string name{member.key()};
    std::replace(name.begin(), name.end(), '_', ' ');
    text += (text.empty() ? "The " : " The ") + name + " is " + plain(member.value()) + '.';
  }
  return text.empty() ? "That is done." : text;
}

}  // namespace offhook::sim
