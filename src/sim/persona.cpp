#include "sim/persona.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace offhook::sim {
namespace {

constexpr std::string_view default_greeting =
    "Hello, thanks for calling. How can I help you today?";

std::vector<std::string> default_replies() {
  return {"Sure, I can help you with that.",
          "Good question. Let me think about it for a moment. Yes, that should work.",
          "I see. Is there anything else you would like to know?",
          "No problem at all. I have made a note of it.",
          "You are welcome. Thank you for calling, and have a nice day."};
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n:";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// The inside of the quotation that `text` begins with, or empty.
std::string_view quoted(std::string_view text) {
  struct Quotes {
    std::string_view open;
    std::string_view close;
  };
  constexpr std::array<Quotes, 3> styles{{{"\"", "\""}, {"“", "”"}, {"'", "'"}}};
  for (const auto& style : styles) {
    if (text.substr(0, style.open.size()) != style.open) {
      continue;
    }
    text.remove_prefix(style.open.size());
    // The last single quote, because an apostrophe looks like the closing one.
    const auto end = style.open == "'" ? text.rfind(style.close) : text.find(style.close);
    return end == std::string_view::npos ? std::string_view{} : text.substr(0, end);
  }
  return {};
}

Reply as_reply(const std::string& line) {
  constexpr std::string_view mark = "call:";
  if (line.compare(0, mark.size(), mark) != 0) {
    return Say{line};
  }
  const std::string_view call = trim(std::string_view{line}.substr(mark.size()));
  const auto space = call.find(' ');
  CallFunction function{std::string{call.substr(0, space)}, "{}"};
  if (space != std::string_view::npos) {
    function.arguments = std::string{trim(call.substr(space))};
  }
  return function;
}

}  // namespace

std::string dictated_text(std::string_view instructions) {
  const std::string lowered = lower(instructions);
  for (std::string_view verb : {"say", "saying"}) {
    for (auto at = lowered.find(verb); at != std::string::npos; at = lowered.find(verb, at + 1)) {
      const std::string_view rest = trim(instructions.substr(at + verb.size()));
      if (const auto text = quoted(rest); !text.empty()) {
        return std::string{text};
      }
    }
  }
  const std::string_view whole = trim(instructions);
  if (lower(whole.substr(0, 4)) == "say " || lower(whole.substr(0, 4)) == "say:") {
    return std::string{trim(whole.substr(4))};
  }
  return {};
}

Persona::Persona(std::vector<std::string> replies)
    : replies_{replies.empty() ? default_replies() : std::move(replies)} {}

Reply Persona::reply(std::string_view instructions, bool caller_spoke) {
  std::string text = dictated_text(instructions);
  if (!text.empty()) {
    greeted_ = true;
    return as_reply(text);
  }
  if (!caller_spoke && !greeted_) {
    greeted_ = true;
    return Say{std::string{default_greeting}};
  }
  return next_reply();
}

Reply Persona::next_reply() { return as_reply(replies_[replied_++ % replies_.size()]); }

}  // namespace offhook::sim
