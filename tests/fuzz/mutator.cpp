#include "mutator.hpp"

#include <algorithm>
#include <array>

namespace offhook::fuzz {
namespace {

constexpr std::size_t longest_input = 64U << 10U;

/// Bytes at which parsers tend to change their mind: lengths, signs, delimiters.
constexpr std::array<std::uint8_t, 24> telling{0x00, 0x01, 0x7f, 0x80, 0xff, 0xc0, '\r', '\n',
                                               ' ',  '"',  '\\', '{',  '}',  '[',  ']',  ':',
                                               ',',  ';',  '=',  '.',  '-',  '/',  '0',  '9'};

auto offset(std::size_t at) { return static_cast<std::ptrdiff_t>(at); }

}  // namespace

Input Mutator::make(std::uint64_t number) {
  random_.seed(seed_ * 0x9E3779B97F4A7C15U + number);
  Input input = corpus_[below(corpus_.size())];
  for (std::size_t step = 1 + below(6); step > 0; --step) {
    switch (below(4)) {
      case 0:
      case 1: change_bytes(input); break;
      case 2: change_length(input); break;
      default: splice(input); break;
    }
  }
  input.resize(std::min(input.size(), longest_input));
  return input;
}

std::size_t Mutator::below(std::size_t limit) {
  return limit == 0 ? 0 : static_cast<std::size_t>(random_() % limit);
}

void Mutator::change_bytes(Input& input) {
  if (input.empty()) {
    return;
  }
  std::uint8_t& byte = input[place(input)];
  switch (below(4)) {
    case 0: byte = static_cast<std::uint8_t>(byte ^ (1U << below(8))); break;
    case 1: byte = static_cast<std::uint8_t>(random_()); break;
    case 2: byte = telling[below(telling.size())]; break;
    default: byte = static_cast<std::uint8_t>(byte + (below(2) == 0 ? 1U : 255U)); break;
  }
}

void Mutator::change_length(Input& input) {
  const std::size_t at = place(input);
  const std::size_t length = std::min(below(16) + 1, input.size() - at);
  switch (below(4)) {
    case 0: input.resize(at); break;
    case 1: input.erase(input.begin() + offset(at), input.begin() + offset(at + length)); break;
    case 2: input.insert(input.begin() + offset(at), telling[below(telling.size())]); break;
    default: {  // repeat a stretch, up to some hundred times
      const Input stretch(input.begin() + offset(at), input.begin() + offset(at + length));
      for (std::size_t times = 1U << below(9); times > 0; --times) {
        input.insert(input.begin() + offset(at), stretch.begin(), stretch.end());
      }
    }
  }
}

void Mutator::splice(Input& input) {
  const Input& other = corpus_[below(corpus_.size())];
  const std::size_t from = place(other);
  const std::size_t length = below(other.size() - from + 1);
  const Input stretch(other.begin() + offset(from), other.begin() + offset(from + length));
  const std::size_t at = place(input);
  if (below(2) == 0) {
    input.insert(input.begin() + offset(at), stretch.begin(), stretch.end());
  } else {
    input.resize(std::max(input.size(), at + length));
    std::ranges::copy(stretch, input.begin() + offset(at));
  }
}

}  // namespace offhook::fuzz
