#pragma once

#include <string_view>

namespace offhook::sim {

/// The offline voice that stands for one of OpenAI's, from a session's `audio.output.voice`: a low
/// or a high one. Empty, which is the usual one: for marin, the default, and for names not known.
[[nodiscard]] std::string_view stand_in_voice(std::string_view name) noexcept;

}  // namespace offhook::sim
