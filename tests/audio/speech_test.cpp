#include "audio/speech.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "audio/similarity.hpp"
#include "sounds.hpp"

using offhook::Errc;
using Strings = std::vector<std::string>;
namespace audio = offhook::audio;

namespace {

Strings texts(const audio::Speech& speech) {
  Strings words;
  for (const auto& word : speech.words) {
    words.push_back(word.text);
  }
  return words;
}

}  // namespace

TEST_SUITE("speech") {
  TEST_CASE("is audible, in every voice, at the rate asked for") {
    for (const char* voice : {"slt", "rms", "kal16"}) {
      for (const int rate : audio::testing::all_rates) {
        const auto speech = audio::speak("Hello, how are you today?", voice, rate).value();
        CAPTURE(voice);
        CAPTURE(rate);
        CHECK(speech.sound.sample_rate_hz == rate);
        CHECK(speech.sound.samples.size() > static_cast<std::size_t>(rate));
        CHECK(speech.sound.samples.size() < static_cast<std::size_t>(4 * rate));
        CHECK(audio::rms_dbfs(speech.sound.samples) > -40);
      }
    }
  }

  TEST_CASE("begins at once where that is wanted, with its words as much earlier") {
    for (const char* voice : {"slt", "rms", "kal16"}) {
      CAPTURE(voice);
      const std::string text = "It comes on Thursday.";
      const auto usual = audio::speak(text, voice, audio::speech_rate_hz).value();
      std::vector<std::int16_t> samples;
      std::vector<audio::Speech::Word> words;
      const audio::SpeechSink sink{
          [&](std::vector<audio::Speech::Word> told, std::size_t) { words = std::move(told); },
          [&](std::span<const std::int16_t> more) {
            samples.insert(samples.end(), more.begin(), more.end());
            return true;
          }};
      REQUIRE(audio::speak_in_pieces(text, {.voice = voice, .at_once = true}, sink));
      const auto loud = [](int sample) { return std::abs(sample) > 300; };
      CHECK(std::ranges::find_if(samples, loud) - samples.begin() < audio::speech_rate_hz / 25);
      const std::size_t earlier = usual.sound.samples.size() - samples.size();
      CHECK((earlier > audio::speech_rate_hz / 10 || !audio::speech_available()));
      REQUIRE(words.size() == usual.words.size());
      CHECK(usual.words.front().end_ms - words.front().end_ms == static_cast<int>(earlier) / 16);
    }
  }

  TEST_CASE("is as fast as it is asked to be, its words as well, and the next as usual") {
    for (const std::string voice : {"slt", "rms", "kal16"}) {
      CAPTURE(voice);
      std::size_t size = 0;
      int end_ms = 0;
      const audio::SpeechSink sink{[&](const std::vector<audio::Speech::Word>& words, std::size_t) {
                                     end_ms = words.back().end_ms;
                                   },
                                   [&](std::span<const std::int16_t> more) {
                                     size += more.size();
                                     return true;
                                   }};
      const auto length_at = [&](double speed) {
        size = 0;
        REQUIRE(audio::speak_in_pieces("It comes on Thursday at noon, or a little later.",
                                       {.voice = voice, .speed = speed}, sink));
        return static_cast<double>(size);
      };
      const double usual = length_at(1);
      const int usual_end_ms = end_ms;
      for (const double speed : {0.5, 1.5}) {
        CAPTURE(speed);
        CHECK(length_at(speed) * speed == doctest::Approx(usual).epsilon(0.1));
        CHECK(end_ms * speed == doctest::Approx(usual_end_ms).epsilon(0.1));
      }
      CHECK(length_at(1) == doctest::Approx(usual).epsilon(0.01));
    }
  }

  TEST_CASE("tells when each word ends, never backwards and within the sound") {
    const auto speech =
        audio::speak("Your order, number 42, costs $12.50 - is that all right?", "slt", 16'000)
            .value();
    CHECK(texts(speech) == Strings{"Your", "order,", "number", "42,", "costs", "$12.50", "-", "is",
                                   "that", "all", "right?"});
    int previous = 0;
    for (const auto& word : speech.words) {
      CAPTURE(word.text);
      CHECK(word.end_ms >= previous);
      CHECK(word.end_ms > 0);
      previous = word.end_ms;
    }
    CHECK(static_cast<std::size_t>(previous) <= speech.sound.samples.size() / 16);
    CHECK(static_cast<std::size_t>(previous) > speech.sound.samples.size() / 32);
  }

  TEST_CASE("comes in pieces, its words first, and ends where no more is wanted") {
    const std::string text =
        "The parcel that you asked about was sent on Monday, and it is on its way to your house.";
    const auto whole = audio::speak(text, "slt", audio::speech_rate_hz).value();
    for (const bool all : {true, false}) {
      CAPTURE(all);
      std::vector<std::int16_t> samples;
      std::vector<audio::Speech::Word> words;
      std::size_t announced = 0;
      int pieces = 0;
      const audio::SpeechSink sink{[&](std::vector<audio::Speech::Word> told, std::size_t size) {
                                     CHECK(pieces == 0);
                                     words = std::move(told);
                                     announced = size;
                                   },
                                   [&](std::span<const std::int16_t> more) {
                                     ++pieces;
                                     samples.insert(samples.end(), more.begin(), more.end());
                                     return all;
                                   }};
      REQUIRE(audio::speak_in_pieces(text, {.voice = "slt"}, sink));
      CHECK(announced >= whole.sound.samples.size());
      CHECK(announced <= whole.sound.samples.size() + audio::speech_rate_hz / 200);
      REQUIRE(words.size() == whole.words.size());
      CHECK(words.back().end_ms == whole.words.back().end_ms);
      if (all) {
        CHECK(samples.size() == whole.sound.samples.size());
        CHECK(audio::best_alignment(whole.sound.samples, samples, 160).correlation > 0.9);
        CHECK((pieces > 10 || !audio::speech_available()));
      } else {
        CHECK(pieces == 1);
      }
    }
  }

  TEST_CASE("keeps typographic characters in its words") {
    const auto speech =
        audio::speak("It\u2019s \u201cready\u201d \u2013 caf\u00e9!", "slt", 8'000).value();
    CHECK(texts(speech) == Strings{"It\u2019s", "\u201cready\u201d", "\u2013", "caf\u00e9!"});
  }

  TEST_CASE("of an unknown voice names the known ones") {
    const auto speech = audio::speak("Hello.", "alto", 8'000);
    REQUIRE_FALSE(speech.has_value());
    CHECK(speech.error().code == Errc::not_found);
    CHECK(speech.error().detail == "no voice \"alto\": use slt, rms or kal16");
  }

  TEST_CASE("of nothing to say is nothing") {
    for (const char* text : {"", "  ", "\n"}) {
      const auto speech = audio::speak(text, "slt", 8'000).value();
      CHECK(speech.sound.samples.empty());
      CHECK(speech.words.empty());
    }
  }

  TEST_CASE("survives strange texts") {
    for (const std::string& text :
         {std::string(300, 'a'), std::string(100, '9'), std::string(1'000, '.') + "a",
          std::string{"\xff\xfe\x80 a"}, std::string{"<speak>&amp;</speak> http://a.b/c?d=e#f"},
          std::string{"a\0b", 3}, std::string{"1/0 %d %s %n 12:99 -5e+400 ..."}}) {
      CAPTURE(text.substr(0, 40));
      CHECK(audio::speak(text, "slt", 8'000).has_value());
    }
  }

  TEST_CASE("can be asked for by several threads at once") {
    const auto expected = audio::testing::speech("Both at once.", 8'000);
    std::array<audio::testing::Samples, 2> spoken;
    std::thread first{[&] { spoken[0] = audio::testing::speech("Both at once.", 8'000); }};
    std::thread second{[&] { spoken[1] = audio::testing::speech("Both at once.", 8'000); }};
    first.join();
    second.join();
    // Its breath is random, so two of them are not equal.
    CHECK(audio::mel_similarity(expected, spoken[0], 8'000) > 0.98);
    CHECK(audio::mel_similarity(expected, spoken[1], 8'000) > 0.98);
  }
}

TEST_SUITE("sentences") {
  TEST_CASE("end at periods, question and exclamation marks, and line ends") {
    CHECK(audio::split_sentences("Hi. How are you? Fine!  Thanks\nBye") ==
          Strings{"Hi.", "How are you?", "Fine!", "Thanks", "Bye"});
    CHECK(audio::split_sentences("He said \"Stop.\" Then he left.") ==
          Strings{"He said \"Stop.\"", "Then he left."});
    CHECK(audio::split_sentences("Wait... what?! Really.") ==
          Strings{"Wait...", "what?!", "Really."});
    CHECK(audio::split_sentences("It was I. You know.") == Strings{"It was I.", "You know."});
  }

  TEST_CASE("do not end within numbers, abbreviations and addresses") {
    CHECK(audio::split_sentences("Dr. Smith pays 3.50 at example.com, e.g. today. Good.") ==
          Strings{"Dr. Smith pays 3.50 at example.com, e.g. today.", "Good."});
    CHECK(audio::split_sentences("At 9 a.m. we open. We close at 5 p.m. Come early.") ==
          Strings{"At 9 a.m. we open.", "We close at 5 p.m.", "Come early."});
    CHECK(audio::split_sentences("J. R. Smith is here.") == Strings{"J. R. Smith is here."});
  }

  TEST_CASE("of an empty text are none") {
    CHECK(audio::split_sentences("").empty());
    CHECK(audio::split_sentences(" \n ").empty());
    CHECK(audio::split_sentences("...") == Strings{"..."});
  }

  TEST_CASE("of a text that is still being written are whole once the next begins") {
    const auto front = [](std::string_view text) {
      return text.substr(0, audio::whole_sentences(text));
    };
    CHECK(front("Hi. How are") == "Hi.");
    CHECK(front("Hi. How are you? Fi") == "Hi. How are you?");
    CHECK(front("Hi. ").empty());
    CHECK(front("It costs 3.").empty());
    CHECK(front("It costs 3.50").empty());
    CHECK(front("One\nTwo") == "One\n");
    CHECK(front("At 9 a.m. we").empty());
    CHECK(front("At 9 a.m. We") == "At 9 a.m.");
    CHECK(front("").empty());
  }
}
