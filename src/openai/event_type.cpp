#include "openai/event_type.hpp"

#include <cstddef>

namespace offhook::openai {
namespace {

constexpr auto nowhere = std::string_view::npos;

std::size_t skip_blanks(std::string_view text, std::size_t at) noexcept {
  return text.find_first_not_of(" \t\r\n", at);
}

/// @param at  Behind the opening quote. @return position of the closing one.
std::size_t end_of_string(std::string_view text, std::size_t at) noexcept {
  for (std::size_t quote = text.find('"', at); quote != nowhere;
       quote = text.find('"', quote + 1)) {
    std::size_t backslashes = 0;
    while (quote - backslashes > at && text[quote - backslashes - 1] == '\\') {
      ++backslashes;
    }
    if (backslashes % 2 == 0) {
      return quote;
    }
  }
  return nowhere;
}

/// @return position behind the value that begins at `at`.
std::size_t skip_value(std::string_view text, std::size_t at) noexcept {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      const std::size_t end = end_of_string(text, at + 1);
      if (end == nowhere) {
        return nowhere;
      }
      at = end + 1;
    } else if (c == '{' || c == '[') {
      ++depth;
      ++at;
      continue;
    } else if (c == '}' || c == ']') {
      if (depth == 0) {
        return at;
      }
      --depth;
      ++at;
    } else if (depth == 0 && c == ',') {
      return at;
    } else {
      ++at;
      continue;
    }
    if (depth == 0) {
      return at;
    }
  }
  return nowhere;
}

}  // namespace

std::string_view event_type(std::string_view text) noexcept {
  std::size_t at = skip_blanks(text, 0);
  if (at == nowhere || text[at] != '{') {
    return {};
  }
  for (;;) {
    at = skip_blanks(text, at + 1);
    if (at == nowhere || text[at] != '"') {
      return {};
    }
    const std::size_t key_end = end_of_string(text, at + 1);
    if (key_end == nowhere) {
      return {};
    }
    const std::string_view key = text.substr(at + 1, key_end - at - 1);
    at = skip_blanks(text, key_end + 1);
    if (at == nowhere || text[at] != ':') {
      return {};
    }
    at = skip_blanks(text, at + 1);
    if (at == nowhere) {
      return {};
    }
    if (key == "type") {
      const std::size_t end = text[at] == '"' ? end_of_string(text, at + 1) : nowhere;
      const std::string_view type =
          end == nowhere ? std::string_view{} : text.substr(at + 1, end - at - 1);
      return type.find('\\') == nowhere ? type : std::string_view{};
    }
    at = skip_value(text, at);
    at = at == nowhere ? nowhere : skip_blanks(text, at);
    if (at == nowhere || text[at] != ',') {
      return {};
    }
  }
}

bool carries_audio(std::string_view type) noexcept {
  return type == "session.input_audio.append" || type == "session.output_audio.delta" ||
         type == "response.output_audio.delta";
}

}  // namespace offhook::openai
