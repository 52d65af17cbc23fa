#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "audio/sound_file.hpp"
#include "base/error.hpp"

namespace offhook::audio {

/// A spoken sentence and when each of its words ends, for transcripts in step with the sound.
struct Speech {
  struct Word {
    std::string text;  ///< With its punctuation.
    int end_ms = 0;
  };
  Sound sound;
  std::vector<Word> words;
};

/// Speaks a sentence with the offline synthesiser (flite). Any thread: calls are serialised inside.
/// Takes a few ms, a long sentence some tens, so long texts are split with `split_sentences`.
///
/// Without flite in this build it returns a tone per word, so that everything else still works;
/// `speech_available` tells.
/// Characters outside ASCII are not spoken, beyond typographic quotes and dashes.
/// @param voice  "slt" (female), "rms" (male), "kal16" (robot). @return `not_found` for another. A
///         text without words gives a sound without samples.
[[nodiscard]] Result<Speech> speak(std::string_view text,
                                   std::string_view voice,
                                   int sample_rate_hz);

[[nodiscard]] bool speech_available() noexcept;

/// Cuts a text at sentence ends, so that the first can be heard while the next is synthesised.
[[nodiscard]] std::vector<std::string> split_sentences(std::string_view text);

/// How much of a text that is still being written is whole sentences: what begins behind them shows
/// that they have ended.
[[nodiscard]] std::size_t whole_sentences(std::string_view text);

}  // namespace offhook::audio
