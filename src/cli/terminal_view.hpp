#pragma once

#include <cstdio>
#include <string>

#include "base/timeline.hpp"

namespace offhook::cli {

/// Shows a timeline to a person, line by line as it happens, or to a program as JSON lines.
class TerminalView {
 public:
  enum class Style : std::uint8_t {
    text,          ///< Every step of the call.
    sim,           ///< Every step, also those inside the stand-in.
    conversation,  ///< Who said what, and the steps of the set-up; events only in the files.
    json,          ///< Every mark, as in `--timeline`.
  };

  /// @param out  Colours are used when it is a terminal and NO_COLOR is not set.
  TerminalView(std::FILE* out, Style style);

  void show(const Mark& mark);

  /// A last line that stays below all others: "" takes it away. Only on a terminal, never in JSON.
  void set_status(std::string line);

 private:
  void show_text(const Mark& mark);
  std::FILE* out_;
  Style style_;
  bool colour_;
  bool terminal_;
  std::string status_{};
};

/// A mark as one readable line, without time and source: `100 Trying`, `model: Hello!`.
/// Empty: not worth a line.
[[nodiscard]] std::string describe(const Mark& mark);

}  // namespace offhook::cli
