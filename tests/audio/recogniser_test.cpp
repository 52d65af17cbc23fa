#include "audio/recogniser.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include <doctest/doctest.h>

#include "audio/g711.hpp"
#include "audio/resampler.hpp"
#include "audio/speech.hpp"

namespace audio = offhook::audio;
using offhook::Errc;

namespace {

/// What a caller might say; none of them stands in the text that the language model was made of.
constexpr std::array sentences{
    "what is the weather like in london tomorrow",
    "my order number is four seven one two",
    "i would like to speak to an operator please",
    "can you tell me the time",
    "please cancel my appointment on friday",
    "what is seven times nine",
    "tell me another joke please",
    "turn on the lights in the kitchen",
};

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream list{text};
  std::vector<std::string> words;
  for (std::string word; list >> word;) {
    words.push_back(word);
  }
  return words;
}

/// Insertions, deletions and substitutions that make `heard` of `said`.
std::size_t word_errors(const std::string& said, const std::string& heard) {
  const auto a = words_of(said);
  const auto b = words_of(heard);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

using Samples = std::vector<std::int16_t>;

/// Through G.711 and back to 16 kHz, with the pauses that a turn detector leaves around speech.
Samples over_the_telephone(const Samples& speech) {
  Samples narrow = audio::resample(speech, 16'000, 8'000).value();
  for (std::int16_t& sample : narrow) {
    sample = audio::decode_mu_law(audio::encode_mu_law(sample));
  }
  Samples turn(16'000 / 4);
  const Samples wide = audio::resample(narrow, 8'000, 16'000).value();
  turn.insert(turn.end(), wide.begin(), wide.end());
  turn.resize(turn.size() + 16'000 / 2);
  return turn;
}

struct WordCount {
  std::size_t said = 0;
  std::size_t wrong = 0;
};

WordCount try_all(audio::Recogniser& recogniser, bool narrowband) {
  WordCount count;
  for (const char* voice : {"rms", "slt", "kal16"}) {
    for (const char* sentence : sentences) {
      const Samples speech = audio::speak(sentence, voice, 16'000).value().sound.samples;
      const std::string heard =
          recogniser.recognise(narrowband ? over_the_telephone(speech) : speech);
      const std::size_t wrong = word_errors(sentence, heard);
      MESSAGE(std::string{voice}, ": ", wrong, " wrong: ", heard);
      count.said += words_of(sentence).size();
      count.wrong += wrong;
    }
  }
  return count;
}

}  // namespace

TEST_SUITE("recogniser") {
  TEST_CASE("without its module says what is missing") {
    const auto module = audio::RecogniserModule::load("/nowhere/recogniser.so");
    REQUIRE_FALSE(module);
    CHECK(module.error().code == Errc::not_found);
    CHECK(module.error().detail.find("/nowhere/recogniser.so") != std::string::npos);
  }

  TEST_CASE("that is some other library is refused") {
    const auto module = audio::RecogniserModule::load("libm.so.6");
    REQUIRE_FALSE(module);
    CHECK(module.error().code == Errc::not_found);
  }

#ifdef OFFHOOK_TEST_RECOGNISER
  TEST_CASE("with a model that is not there says so") {
    const auto module = audio::RecogniserModule::load(OFFHOOK_TEST_RECOGNISER).value();
    const auto recogniser = audio::Recogniser::open(module, {"/nowhere"});
    REQUIRE_FALSE(recogniser);
    CHECK(recogniser.error().code == Errc::not_found);
  }

  TEST_CASE("understands short sentences of telephone quality" *
            doctest::skip(!audio::speech_available())) {
    const auto module = audio::RecogniserModule::load(OFFHOOK_TEST_RECOGNISER).value();
    auto recogniser = audio::Recogniser::open(module, {"", true}).value();
    const WordCount count = try_all(recogniser, true);
    CAPTURE(count.wrong);
    CHECK(count.wrong * 100 <= 15 * count.said);
  }

  TEST_CASE("understands most of them when it has little time" *
            doctest::skip(!audio::speech_available())) {
    const auto module = audio::RecogniserModule::load(OFFHOOK_TEST_RECOGNISER).value();
    auto recogniser = audio::Recogniser::open(module, {"", true, true}).value();
    const WordCount count = try_all(recogniser, true);
    CAPTURE(count.wrong);
    CHECK(count.wrong * 100 <= 20 * count.said);
  }

  TEST_CASE("understands them in wideband" * doctest::skip(!audio::speech_available())) {
    const auto module = audio::RecogniserModule::load(OFFHOOK_TEST_RECOGNISER).value();
    auto recogniser = audio::Recogniser::open(module, {"", false}).value();
    const WordCount count = try_all(recogniser, false);
    CAPTURE(count.wrong);
    CHECK(count.wrong * 100 <= 10 * count.said);
  }

  TEST_CASE("hears nothing in silence, nor in no sound at all") {
    const auto module = audio::RecogniserModule::load(OFFHOOK_TEST_RECOGNISER).value();
    for (const bool narrowband : {false, true}) {
      auto recogniser = audio::Recogniser::open(module, {"", narrowband}).value();
      CHECK(recogniser.recognise(Samples(16'000)).empty());
      CHECK(recogniser.recognise({}).empty());
    }
  }
#endif
}
