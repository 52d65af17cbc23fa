#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <mutex>
#include <span>
#include <sstream>
#include <utility>

#include <flite/flite.h>

#include "audio/speech.hpp"
#include "base/c_handle.hpp"

// flite's voice libraries come without headers.
extern "C" {
cst_voice* register_cmu_us_slt(const char* voxdir);
cst_voice* register_cmu_us_rms(const char* voxdir);
cst_voice* register_cmu_us_kal16(const char* voxdir);
}

namespace offhook::audio {
namespace {

using UtteranceHandle = CHandle<cst_utterance, delete_utterance>;

struct Voice {
  std::string_view name;
  cst_voice* voice;
};

/// flite and its voices: one per process, one user at a time.
struct Synthesiser {
  std::mutex mutex;
  std::array<Voice, 3> voices{};

  Synthesiser() {
    flite_init();
    voices = {{{"slt", register_cmu_us_slt(nullptr)},
               {"rms", register_cmu_us_rms(nullptr)},
               {"kal16", register_cmu_us_kal16(nullptr)}}};
  }

  static Synthesiser& instance() {
    static Synthesiser synthesiser;
    return synthesiser;
  }
};

/// The text as flite can read it: ASCII, with the common typographic characters replaced.
std::string to_ascii(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> replacements{{
      {"\u2018", "'"},
      {"\u2019", "'"},
      {"\u201c", "\""},
      {"\u201d", "\""},
      {"\u2013", "-"},
      {"\u2014", ", "},
      {"\u2026", "..."},
      {"\u00a0", " "},
  }};
  std::string ascii;
  for (std::size_t i = 0; i < text.size();) {
    const auto match = std::find_if(
        replacements.begin(), replacements.end(),
        [&](const auto& each) { return text.substr(i, each.first.size()) == each.first; });
    if (match != replacements.end()) {
      ascii += match->second;
      i += match->first.size();
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x7f) {
      ascii += text[i];
    } else if (byte < 0x20 || byte == 0x7f) {
      ascii += ' ';
    }
    ++i;
  }
  return ascii;
}

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream stream{std::string{text}};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) {
    words.push_back(std::move(word));
  }
  return words;
}

/// Milliseconds from the beginning to the end of a token's last sound, or -1 for a mute token.
int end_of(const cst_item* token) {
  const cst_item* word = item_last_daughter(token);
  const cst_item* structure = word == nullptr ? nullptr : item_as(word, "SylStructure");
  const cst_item* syllable = structure == nullptr ? nullptr : item_last_daughter(structure);
  const cst_item* sound = syllable == nullptr ? nullptr : item_last_daughter(syllable);
  const cst_item* segment = sound == nullptr ? nullptr : item_as(sound, "Segment");
  if (segment == nullptr) {
    return -1;
  }
  return static_cast<int>(std::lround(1'000 * item_feat_float(segment, "end")));
}

/// Milliseconds of the pause that flite puts before every text, but for what the first sound's
/// onset needs of it.
int leading_pause_ms(const cst_utterance* utterance) {
  constexpr int onset_ms = 10;
  const cst_item* first = relation_head(utt_relation(utterance, "Segment"));
  const bool pause = first != nullptr && item_next(first) != nullptr &&
                     std::string_view{item_feat_string(first, "name")} == "pau";
  const double end_s = pause ? item_feat_float(first, "end") : 0;
  return std::max(0, static_cast<int>(std::lround(1'000 * end_s)) - onset_ms);
}

std::string text_feature(const cst_item* token, const char* feature) {
  return item_feat_present(token, feature) != 0 ? item_feat_string(token, feature) : "";
}

/// @param begin_ms  Of the utterance, where the sound begins that is handed over.
std::vector<Speech::Word> word_ends(const cst_utterance* utterance, int begin_ms) {
  std::vector<Speech::Word> words;
  int end_ms = 0;
  for (const cst_item* token = relation_head(utt_relation(utterance, "Token")); token != nullptr;
       token = item_next(token)) {
    end_ms = std::max(end_ms, end_of(token) - begin_ms);
    words.push_back({text_feature(token, "prepunctuation") + text_feature(token, "name") +
                         text_feature(token, "punc"),
                     end_ms});
  }
  return words;
}

/// Hands a text's sound over while flite makes it.
class Telling {
 public:
  Telling(std::string_view text, bool at_once, const SpeechSink& sink)
      : text_{text}, at_once_{at_once}, sink_{sink} {}

  /// Some of the sound of `wave`, which is as long as all of it will be.
  bool tell(const cst_utterance* utterance, const cst_wave* wave, int start, int size) {
    if (!std::exchange(begun_, true)) {
      const int pause_ms = at_once_ ? leading_pause_ms(utterance) : 0;
      first_ = std::min(pause_ms * (speech_rate_hz / 1'000), wave->num_samples);
      sink_.begin(words(utterance, pause_ms), static_cast<std::size_t>(wave->num_samples - first_));
    }
    const int skipped = std::clamp(first_ - start, 0, size);
    return skipped == size ||
           sink_.sound({wave->samples + start + skipped, static_cast<std::size_t>(size - skipped)});
  }
  [[nodiscard]] bool begun() const noexcept { return begun_; }

 private:
  /// Where flite cut the text at the same places, the words keep their typographic characters.
  [[nodiscard]] std::vector<Speech::Word> words(const cst_utterance* utterance,
                                                int begin_ms) const {
    auto words = word_ends(utterance, begin_ms);
    auto originals = words_of(text_);
    if (originals.size() == words.size()) {
      for (std::size_t i = 0; i < originals.size(); ++i) {
        words[i].text = std::move(originals[i]);
      }
    }
    return words;
  }

  std::string_view text_;
  bool at_once_;
  const SpeechSink& sink_;
  bool begun_ = false;
  int first_ = 0;  ///< Sample of the wave that is handed over first.
};

/// Asks a voice to tell of its sound as it makes it, for as long as this lives.
class Streaming {
 public:
  Streaming(cst_voice* voice, Telling& telling) : voice_{voice} {
    cst_audio_streaming_info* const info = new_audio_streaming_info();
    info->min_buffsize = piece_samples;
    info->userdata = &telling;
    info->asc = [](const cst_wave* wave, int start, int size, int /*last*/,
                   cst_audio_streaming_info* self) noexcept {
      // Voices of diphones do not say of what utterance; they are fast enough.
      const bool more = self->utt == nullptr ||
                        static_cast<Telling*>(self->userdata)->tell(self->utt, wave, start, size);
      return more ? CST_AUDIO_STREAM_CONT : CST_AUDIO_STREAM_STOP;
    };
    feat_set(voice_->features, feature, audio_streaming_info_val(info));
  }
  Streaming(const Streaming&) = delete;
  Streaming& operator=(const Streaming&) = delete;
  ~Streaming() { feat_remove(voice_->features, feature); }

 private:
  static constexpr const char* feature = "streaming_info";
  static constexpr int piece_samples = speech_rate_hz / 5;

  cst_voice* voice_;
};

/// Has a voice speak faster or slower, for as long as this lives.
class Stretching {
 public:
  Stretching(cst_voice* voice, double speed)
      : voice_{voice}, usual_{get_param_float(voice->features, feature, 1)} {
    feat_set_float(voice_->features, feature, static_cast<float>(usual_ / speed));
  }
  Stretching(const Stretching&) = delete;
  Stretching& operator=(const Stretching&) = delete;
  ~Stretching() { feat_set_float(voice_->features, feature, usual_); }

 private:
  static constexpr const char* feature = "duration_stretch";

  cst_voice* voice_;
  float usual_;
};

}  // namespace

bool speech_available() noexcept { return true; }

Result<> speak_in_pieces(std::string_view text, const SpeechStyle& style, const SpeechSink& sink) {
  Synthesiser& synthesiser = Synthesiser::instance();
  const auto known = std::find_if(synthesiser.voices.begin(), synthesiser.voices.end(),
                                  [&](const Voice& each) { return each.name == style.voice; });
  if (known == synthesiser.voices.end()) {
    return fail(Errc::not_found, "no voice \"" + style.voice + "\": use slt, rms or kal16");
  }
  const std::string spoken = to_ascii(text);
  if (std::none_of(spoken.begin(), spoken.end(),
                   [](unsigned char c) { return std::isalnum(c) != 0; })) {
    sink.begin({}, 0);
    return {};
  }
  const std::lock_guard lock{synthesiser.mutex};
  const Stretching stretching{known->voice, style.speed};
  Telling telling{text, style.at_once, sink};
  const Streaming streaming{known->voice, telling};
  const UtteranceHandle utterance{flite_synth_text(spoken.c_str(), known->voice)};
  if (telling.begun()) {
    return {};
  }
  const cst_wave* wave = utterance ? utt_wave(utterance.get()) : nullptr;
  if (wave == nullptr || wave->num_samples <= 0 || wave->sample_rate != speech_rate_hz) {
    return fail(Errc::internal, "flite could not speak \"" + spoken + "\"");
  }
  static_cast<void>(telling.tell(utterance.get(), wave, 0, wave->num_samples));
  return {};
}

}  // namespace offhook::audio
