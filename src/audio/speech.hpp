#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
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
/// Takes a few ms, a long sentence some tens.
///
/// Without flite in this build it returns a tone per word, so that everything else still works;
/// `speech_available` tells.
/// Characters outside ASCII are not spoken, beyond typographic quotes and dashes.
/// @param voice  "slt" (female), "rms" (male), "kal16" (robot). @return `not_found` for another. A
///         text without words gives a sound without samples.
[[nodiscard]] Result<Speech> speak(std::string_view text,
                                   std::string_view voice,
                                   int sample_rate_hz);

/// How a text is spoken.
struct SpeechStyle {
  std::string voice{};
  double speed = 1;  ///< 2: in half the time; 0.25 to 4.
  /// Without the pause of 130 to 240 ms that flite puts before every text. The one behind it stays.
  bool at_once = false;
};

/// Takes speech while it is synthesised. Called by the thread that asked; must not ask for more.
struct SpeechSink {
  /// Before all sound: the words, and how many samples there will be in all, or up to 5 ms fewer;
  /// none for a text without words.
  std::function<void(std::vector<Speech::Word> words, std::size_t samples)> begin;
  /// More sound. @return false: no more is wanted.
  std::function<bool(std::span<const std::int16_t> samples)> sound;
};

inline constexpr int speech_rate_hz = 16'000;

/// As `speak`, at `speech_rate_hz` and piece by piece, so that a sentence is heard before it is
/// synthesised to its end. @return well, too, when the sink wanted no more.
[[nodiscard]] Result<> speak_in_pieces(std::string_view text,
                                       const SpeechStyle& style,
                                       const SpeechSink& sink);

[[nodiscard]] bool speech_available() noexcept;

/// Cuts a text at sentence ends, so that the first can be heard while the next is synthesised.
[[nodiscard]] std::vector<std::string> split_sentences(std::string_view text);

/// How much of a text that is still being written is whole sentences: what begins behind them shows
/// that they have ended.
[[nodiscard]] std::size_t whole_sentences(std::string_view text);

}  // namespace offhook::audio
