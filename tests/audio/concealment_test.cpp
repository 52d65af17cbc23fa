#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <doctest/doctest.h>

#include "audio/concealer.hpp"
#include "audio/similarity.hpp"
#include "sounds.hpp"

using offhook::audio::CodecId;
using offhook::audio::Concealer;
using offhook::audio::Frame;
using namespace offhook::audio::testing;
namespace audio = offhook::audio;

namespace {

/// The largest step from one sample to the next.
int roughest_step(std::span<const std::int16_t> samples) {
  int step = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    step = std::max(step, std::abs(samples[i] - samples[i - 1]));
  }
  return step;
}

}  // namespace

TEST_SUITE("concealment") {
  TEST_CASE("continues a pitch so that the gap is hard to find") {
    for (const int rate : {8'000, 16'000}) {
      auto original = tone(170, 8'000, rate, 0.4);
      const auto frame = static_cast<std::size_t>(rate / 50);
      Samples heard = original;
      Concealer concealer{rate};
      for (std::size_t i = 0; i < 20; ++i) {
        const auto part = std::span{heard}.subspan(i * frame, frame);
        i == 10 ? concealer.lost(part) : concealer.received(part);
      }
      CAPTURE(rate);
      const auto gap = std::span{heard}.subspan(10 * frame, frame);
      const auto truth = std::span{original}.subspan(10 * frame, frame);
      CHECK(audio::best_alignment(truth, gap, 0).correlation > 0.95);
      CHECK(roughest_step(heard) < 1.5 * roughest_step(original));
    }
  }

  TEST_CASE("fades to digital silence within 80 ms, and back in without a click") {
    for (const CodecId codec : audio::available_codecs()) {
      if (codec == CodecId::opus) {
        continue;  // has its own, slower fade
      }
      CAPTURE(audio::codec_info(codec).sdp_name);
      Path path;
      path.loses = [](int packet) { return packet >= 20 && packet < 40; };
      const auto original = tone(300, 8'000, 16'000, 1);
      const auto heard = through(codec, original, 16'000, path);
      const auto frame = [&](std::size_t i) { return std::span{heard}.subspan(i * 320, 320); };
      CHECK(audio::rms_dbfs(frame(20)) > audio::rms_dbfs(frame(19)) - 3);
      CHECK(audio::rms_dbfs(frame(22)) < audio::rms_dbfs(frame(20)) - 6);
      CHECK(audio::rms_dbfs(frame(25)) == -120);
      CHECK(audio::rms_dbfs(frame(39)) == -120);
      CHECK(audio::rms_dbfs(frame(41)) > audio::rms_dbfs(original) - 1);
      // G.722 has to adapt again first.
      CHECK(roughest_step(heard) < (codec == CodecId::g722 ? 2.5 : 1.5) * roughest_step(original));
    }
  }

  TEST_CASE("of Opus falls silent too when nothing comes any more") {
    Path path;
    path.loses = [](int packet) { return packet >= 20; };
    const auto heard = through(CodecId::opus, tone(300, 8'000, 16'000, 3), 16'000, path);
    CHECK(audio::rms_dbfs(std::span{heard}.last(16'000)) < -50);
  }

  TEST_CASE("makes silence when nothing ever came") {
    for (const CodecId codec : audio::available_codecs()) {
      auto decoder = audio::make_decoder(codec, 24'000).value();
      Frame frame;
      decoder->conceal({}, frame);
      CHECK(frame.size == 480);
      CHECK(audio::rms_dbfs(frame.samples()) == -120);
    }
  }

  TEST_CASE("keeps speech recognisable at 5 % loss" * doctest::skip(!audio::speech_available())) {
    const auto original = speech("Please call me back tomorrow between nine and eleven.", 16'000);
    Path path;
    path.loses = [](int packet) { return packet % 20 == 7; };
    for (const CodecId codec : audio::available_codecs()) {
      CAPTURE(audio::codec_info(codec).sdp_name);
      CHECK(audio::mel_similarity(original, through(codec, original, 16'000, path), 16'000) > 0.92);
    }
  }

  TEST_CASE("of Opus gets the lost frame out of the next packet once loss is expected") {
    const auto original = speech("Please call me back tomorrow between nine and eleven.", 16'000);
    Path path;
    path.loses = [](int packet) { return packet % 5 == 3; };
    const auto likeness = [&](int expected_loss) {
      path.expected_loss_percent = expected_loss;
      path.next_is_known = expected_loss > 0;
      const auto received = through(CodecId::opus, original, 16'000, path);
      return audio::best_alignment(original, received, 800).correlation;
    };
    const double made_up = likeness(0);
    const double recovered = likeness(20);
    CHECK(made_up < 0.9);
    CHECK(recovered > made_up + 0.03);
    CHECK(recovered > 0.9);
  }
}
