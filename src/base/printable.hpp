#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace offhook {

/// Text of a peer made fit for one line of a terminal: control characters (C0, DEL and the UTF-8
/// form of C1) become spaces; more than `longest` bytes are cut at a character's edge and "…"
/// follows.
[[nodiscard]] std::string printable(std::string_view text, std::size_t longest);

}  // namespace offhook
