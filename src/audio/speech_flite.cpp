#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <mutex>
#include <sstream>
#include <utility>

#include <flite/flite.h>

#include "audio/resampler.hpp"
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

std::string text_feature(const cst_item* token, const char* feature) {
  return item_feat_present(token, feature) != 0 ? item_feat_string(token, feature) : "";
}

std::vector<Speech::Word> word_ends(cst_utterance* utterance) {
  std::vector<Speech::Word> words;
  int end_ms = 0;
  for (const cst_item* token = relation_head(utt_relation(utterance, "Token")); token != nullptr;
       token = item_next(token)) {
    end_ms = std::max(end_ms, end_of(token));
    words.push_back({text_feature(token, "prepunctuation") + text_feature(token, "name") +
                         text_feature(token, "punc"),
                     end_ms});
  }
  return words;
}

}  // namespace

bool speech_available() noexcept { return true; }

Result<Speech> speak(std::string_view text, std::string_view voice, int sample_rate_hz) {
  Synthesiser& synthesiser = Synthesiser::instance();
  const auto known = std::find_if(synthesiser.voices.begin(), synthesiser.voices.end(),
                                  [&](const Voice& each) { return each.name == voice; });
  if (known == synthesiser.voices.end()) {
    return fail(Errc::not_found, "no voice \"" + std::string{voice} + "\": use slt, rms or kal16");
  }
  const std::string spoken = to_ascii(text);
  Speech speech;
  speech.sound.sample_rate_hz = sample_rate_hz;
  if (std::none_of(spoken.begin(), spoken.end(),
                   [](unsigned char c) { return std::isalnum(c) != 0; })) {
    return speech;
  }
  std::vector<std::int16_t> samples;
  int rate = 0;
  {
    const std::lock_guard lock{synthesiser.mutex};
    const UtteranceHandle utterance{flite_synth_text(spoken.c_str(), known->voice)};
    const cst_wave* wave = utterance ? utt_wave(utterance.get()) : nullptr;
    if (wave == nullptr || wave->num_samples <= 0) {
      return fail(Errc::internal, "flite could not speak \"" + spoken + "\"");
    }
    rate = wave->sample_rate;
    samples.assign(wave->samples, wave->samples + wave->num_samples);
    speech.words = word_ends(utterance.get());
  }
  auto resampled = resample(samples, rate, sample_rate_hz);
  if (!resampled) {
    return fail(std::move(resampled).error().with("speech"));
  }
  speech.sound.samples = std::move(*resampled);
  // Where flite cut the text at the same places, the words keep their typographic characters.
  auto originals = words_of(text);
  if (originals.size() == speech.words.size()) {
    for (std::size_t i = 0; i < originals.size(); ++i) {
      speech.words[i].text = std::move(originals[i]);
    }
  }
  return speech;
}

}  // namespace offhook::audio
