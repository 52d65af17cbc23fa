#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/printable.hpp"

namespace offhook::cli {

/// Longest text of a peer that is put on one line of the screen, in bytes.
inline constexpr std::size_t max_line_bytes = 2'000;

/// Writes text and flushes. A reader that went away (`offhook call | head`) is no reason to end a
/// call or to change its exit code, so failures are ignored.
inline void print(std::FILE* out, std::string_view text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), out));
  static_cast<void>(std::fflush(out));
}

/// Tells why a command ends. @return `code`, for its exit.
inline int complain(const Error& error, int code) {
  print(stderr, "offhook: " + printable(error.detail, max_line_bytes) + '\n');
  return code;
}

}  // namespace offhook::cli
