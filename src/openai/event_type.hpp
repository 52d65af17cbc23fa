#pragma once

#include <string_view>

namespace offhook::openai {

/// The top-level `type` of an event, found by scanning and without building a tree: the sound that
/// Live reflects to its sidebands is about 1 Mbit/s per call and nobody here wants it.
///
/// @return a view into `text`; empty when there is none, when it needs unescaping, or when the text
///         is no JSON object as far as it was scanned. Says nothing about the rest of the text.
[[nodiscard]] std::string_view event_type(std::string_view text) noexcept;

/// Events that carry sound: `session.input_audio.append`, `session.output_audio.delta` (Live) and
/// `response.output_audio.delta` (Realtime).
[[nodiscard]] bool carries_audio(std::string_view type) noexcept;

}  // namespace offhook::openai
