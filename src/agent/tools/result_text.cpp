#include "agent/tools/result_text.hpp"

#include <cstddef>
#include <string_view>

namespace offhook::agent {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

/// Length of the valid sequence that begins `text` (RFC 3629 section 4), or 0.
std::size_t sequence_length(std::string_view text) {
  const unsigned first = byte_at(text, 0);
  if (first < 0x80) {
    return 1;
  }
  const std::size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                             : first >= 0xe0 && first <= 0xef ? 3
                             : first >= 0xf0 && first <= 0xf4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, i) & 0xc0U) != 0x80U) {
      return 0;
    }
  }
  const unsigned second = byte_at(text, 1);
  const bool bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                   (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return bad ? 0 : length;
}

}  // namespace

std::string result_text(std::string bytes) {
  std::string_view rest = bytes;
  std::string text;
  while (!rest.empty()) {
    const std::size_t length = sequence_length(rest);
    if (length == 0) {
      text += "\xef\xbf\xbd";
      rest.remove_prefix(1);
    } else {
      text += rest.substr(0, length);
      rest.remove_prefix(length);
    }
  }
  return text;
}

}  // namespace offhook::agent
