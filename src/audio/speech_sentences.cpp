#include <algorithm>
#include <array>
#include <cctype>

#include "audio/speech.hpp"

namespace offhook::audio {
namespace {

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_closer(char c) { return c == '"' || c == '\'' || c == ')' || c == ']'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

/// Whether the period at `dot` belongs to an abbreviation or an initial, as in "Dr. Who", "J. Doe".
bool is_abbreviation(std::string_view text, std::size_t dot) {
  std::size_t begin = dot;
  while (begin > 0 && !is_space(text[begin - 1])) {
    --begin;
  }
  const std::string_view word = text.substr(begin, dot - begin);
  if (word.size() == 1 && is_letter(word[0]) && word != "I") {
    return true;
  }
  constexpr std::array<std::string_view, 16> known{"Mr",     "Mrs", "Ms",  "Dr",  "St",  "Prof",
                                                   "Sr",     "Jr",  "vs",  "e.g", "i.e", "etc",
                                                   "approx", "a.m", "p.m", "Inc"};
  // "etc." and "a.m." often end a sentence too; then a capital letter follows.
  constexpr std::array<std::string_view, 4> may_end{"etc", "a.m", "p.m", "Inc"};
  if (std::find(known.begin(), known.end(), word) == known.end()) {
    return false;
  }
  const auto next =
      std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(dot) + 1, text.end(), is_space);
  const bool capital_follows =
      next != text.end() && std::isupper(static_cast<unsigned char>(*next)) != 0;
  return !(capital_follows && std::find(may_end.begin(), may_end.end(), word) != may_end.end());
}

/// Behind the sentence that begins at `begin`; the end of the text when nothing ends it.
std::size_t sentence_end(std::string_view text, std::size_t begin) {
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      return i + 1;
    }
    if (c != '.' && c != '!' && c != '?') {
      continue;
    }
    std::size_t end = i + 1;
    while (end < text.size() &&
           (is_closer(text[end]) || text[end] == '.' || text[end] == '!' || text[end] == '?')) {
      ++end;
    }
    const bool followed_by_space = end == text.size() || is_space(text[end]);
    if (followed_by_space && !(c == '.' && end == i + 1 && is_abbreviation(text, i))) {
      return end;
    }
    i = end - 1;
  }
  return text.size();
}

}  // namespace

std::vector<std::string> split_sentences(std::string_view text) {
  std::vector<std::string> sentences;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = sentence_end(text, begin);
    const std::string_view sentence = trimmed(text.substr(begin, end - begin));
    if (!sentence.empty()) {
      sentences.emplace_back(sentence);
    }
    begin = end;
  }
  return sentences;
}

std::size_t whole_sentences(std::string_view text) {
  std::size_t whole = 0;
  for (auto end = sentence_end(text, 0); !trimmed(text.substr(end)).empty();
       end = sentence_end(text, end)) {
    whole = end;
  }
  return whole;
}

}  // namespace offhook::audio
