#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace offhook {

/// Whether `text` is a telephone number in E.164 form, as "+14155550123": 2 to 15 digits behind the
/// plus, of which the first is no 0.
[[nodiscard]] inline bool is_e164(std::string_view text) {
  constexpr std::size_t fewest = 3;
  constexpr std::size_t most = 16;  // ITU-T E.164: 15 digits, and the plus
  return text.size() >= fewest && text.size() <= most && text[0] == '+' && text[1] != '0' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace offhook
