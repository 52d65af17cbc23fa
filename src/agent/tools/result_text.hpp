#pragma once

#include <string>

namespace offhook::agent {

/// Bytes that a tool returned as text that can go into a JSON event: what is no UTF-8 becomes
/// U+FFFD.
[[nodiscard]] std::string result_text(std::string bytes);

}  // namespace offhook::agent
