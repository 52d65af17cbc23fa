#include "audio/similarity.hpp"

#include <algorithm>
#include <complex>

#include <doctest/doctest.h>

#include "audio/fft.hpp"
#include "sounds.hpp"

using offhook::audio::CodecId;
using namespace offhook::audio::testing;
namespace audio = offhook::audio;

namespace {

const std::vector<std::string_view> spoken_sentences{
    "Hello, this is a test call about your order.",
    "What is the weather like in London today?",
    "I would like to speak to somebody in the sales department.",
    "Thank you very much for your help, goodbye.",
    "Could you please repeat the number more slowly?",
    "My account was closed by mistake last Friday.",
    "The train to Manchester leaves at twenty past six.",
    "Please leave a message after the tone.",
};

}  // namespace

TEST_SUITE("Fourier transform") {
  TEST_CASE("finds the one frequency of a turning pointer, and comes back") {
    std::vector<std::complex<float>> values(64);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = std::polar(1.F, 6.2831853F * 5 * static_cast<float>(i) / 64);
    }
    const auto original = values;
    const audio::Fft fft{64};
    fft.forward(values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      CHECK(std::abs(values[i]) == doctest::Approx(i == 5 ? 64 : 0).epsilon(1e-3).scale(1));
    }
    fft.inverse(values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      CHECK(std::abs(values[i] - original[i]) < 1e-5);
    }
  }
}

TEST_SUITE("best alignment") {
  TEST_CASE("finds a delayed copy at its exact lag, whatever its loudness") {
    const auto original = speech(spoken_sentences[0], 8'000);
    Samples received(12'345);
    for (const std::int16_t sample : original) {
      received.push_back(static_cast<std::int16_t>(sample / 4));
    }
    received.resize(received.size() + 5'000);
    const auto found = audio::best_alignment(original, received, received.size());
    CHECK(found.lag_samples == 12'345);
    CHECK(found.correlation > 0.999);
  }

  TEST_CASE("finds a copy whose beginning is cut off, at a negative lag") {
    const auto original = speech(spoken_sentences[1], 8'000);
    const Samples received(original.begin() + 3'000, original.end());
    const auto found = audio::best_alignment(original, received, 8'000);
    CHECK(found.lag_samples == -3'000);
    CHECK(found.correlation > 0.999);
  }

  TEST_CASE("finds a sentence among others, through PCMU") {
    const auto original = speech(spoken_sentences[2], 8'000);
    const auto call = joined({speech(spoken_sentences[0], 8'000), Samples(4'000), original,
                              Samples(4'000), speech(spoken_sentences[1], 8'000)});
    const auto received = through(CodecId::pcmu, call, 8'000);
    const auto found = audio::best_alignment(original, received, received.size());
    CHECK(found.lag_samples ==
          static_cast<std::ptrdiff_t>(speech(spoken_sentences[0], 8'000).size() + 4'000));
    CHECK(found.correlation > 0.99);
  }

  TEST_CASE("stays low for another sound, and keeps to the lags asked for") {
    const auto original = speech(spoken_sentences[3], 8'000);
    CHECK(audio::best_alignment(original, noise(5'000, 8'000, 5), 40'000).correlation < 0.3);
    CHECK(audio::best_alignment(original, speech(spoken_sentences[4], 8'000), 40'000).correlation <
          0.6);
    const auto late = joined({Samples(2'000), original});
    CHECK(audio::best_alignment(original, late, 1'000).correlation < 0.9);
    CHECK(audio::best_alignment(original, late, 2'000).correlation > 0.999);
  }

  TEST_CASE("of silence or nothing is 0") {
    const auto original = speech(spoken_sentences[3], 8'000);
    CHECK(audio::best_alignment(original, Samples(50'000), 50'000).correlation == 0);
    CHECK(audio::best_alignment(Samples(1'000), original, 50'000).correlation == 0);
    CHECK(audio::best_alignment(original, {}, 100).correlation == 0);
    CHECK(audio::best_alignment({}, original, 100).correlation == 0);
  }
}

TEST_SUITE("waveform similarity") {
  TEST_CASE("of a copy is 1, and little less where a jitter buffer stretched it in the middle") {
    const auto original = joined(
        {speech(spoken_sentences[0], 8'000), Samples(4'000), speech(spoken_sentences[1], 8'000)});
    CHECK(audio::waveform_similarity(original, joined({Samples(7'000), original}), 8'000) > 0.999);
    const auto middle = original.begin() + static_cast<std::ptrdiff_t>(original.size() / 4);
    const auto stretched = joined(
        {Samples(7'000), Samples(original.begin(), middle), Samples(middle - 320, original.end())});
    CHECK(audio::best_alignment(original, stretched, stretched.size()).correlation < 0.9);
    CHECK(audio::waveform_similarity(original, stretched, 8'000) > 0.9);
  }

  TEST_CASE("is low for another sound, and where half of it is missing") {
    const auto original = speech(spoken_sentences[3], 8'000);
    const auto kept = original.begin() + static_cast<std::ptrdiff_t>(original.size() / 2);
    const auto cut = joined({Samples(original.begin(), kept),
                             Samples(static_cast<std::size_t>(original.end() - kept))});
    CHECK(audio::waveform_similarity(original, cut, 8'000) < 0.8);
    CHECK(audio::waveform_similarity(original, speech(spoken_sentences[4], 8'000), 8'000) < 0.8);
    CHECK(audio::waveform_similarity(original, noise(5'000, 8'000, 5), 8'000) < 0.4);
    CHECK(audio::waveform_similarity(original, Samples(50'000), 8'000) == 0);
    CHECK(audio::waveform_similarity({}, original, 8'000) == 0);
    CHECK(audio::waveform_similarity(original, {}, 8'000) == 0);
  }
}

TEST_SUITE("mel similarity" * doctest::skip(!audio::speech_available())) {
  TEST_CASE("is at least 0.94 for the same text through every codec, shifted or not") {
    for (const CodecId codec : audio::available_codecs()) {
      const int rate = codec == CodecId::opus ? 16'000 : 8'000;
      for (const std::string_view text : spoken_sentences) {
        const auto original = speech(text, rate);
        const auto received = through(codec, original, rate);
        CAPTURE(audio::codec_info(codec).sdp_name);
        CAPTURE(text);
        CHECK(audio::mel_similarity(original, received, rate) >= 0.94);
        const auto late = joined({Samples(static_cast<std::size_t>(rate) * 7 / 10), received,
                                  Samples(static_cast<std::size_t>(rate))});
        CHECK(audio::mel_similarity(original, late, rate) >= 0.94);
      }
    }
  }

  TEST_CASE("is below 0.93 for another text") {
    std::vector<Samples> originals;
    std::vector<Samples> received;
    for (const std::string_view text : spoken_sentences) {
      originals.push_back(speech(text, 8'000));
      received.push_back(through(CodecId::pcmu, originals.back(), 8'000));
    }
    double highest = -1;
    for (std::size_t i = 0; i < spoken_sentences.size(); ++i) {
      for (std::size_t k = 0; k < spoken_sentences.size(); ++k) {
        if (i != k) {
          highest = std::max(highest, audio::mel_similarity(originals[i], received[k], 8'000));
        }
      }
    }
    CHECK(highest < 0.93);
    CHECK(highest > 0.3);  // speech is never quite unlike speech
  }

  TEST_CASE("finds a sentence within a whole call") {
    const auto original = speech(spoken_sentences[2], 8'000);
    const auto others = joined(
        {speech(spoken_sentences[0], 8'000), Samples(9'000), speech(spoken_sentences[1], 8'000)});
    const auto call = joined({others, Samples(4'000), original, Samples(4'000)});
    CHECK(audio::mel_similarity(original, through(CodecId::pcmu, call, 8'000), 8'000) >= 0.94);
    CHECK(audio::mel_similarity(original, through(CodecId::pcmu, others, 8'000), 8'000) < 0.93);
  }

  TEST_CASE("is low for noise and silence") {
    const auto original = speech(spoken_sentences[0], 8'000);
    CHECK(audio::mel_similarity(original, noise(5'000, 8'000, 5), 8'000) < 0.8);
    CHECK(audio::mel_similarity(original, Samples(40'000), 8'000) == 0);
    CHECK(audio::mel_similarity(original, Samples(40'000, 1'000), 8'000) < 0.5);
    CHECK(audio::mel_similarity(original, {}, 8'000) == 0);
  }
}

TEST_SUITE("level") {
  TEST_CASE("of a full sine is -3 dBFS, and of silence -120") {
    CHECK(audio::rms_dbfs(tone(1'000, 32'767, 8'000, 1)) == doctest::Approx(-3.01).epsilon(0.001));
    CHECK(audio::rms_dbfs(Samples(100)) == -120);
    CHECK(audio::rms_dbfs({}) == -120);
  }
}
