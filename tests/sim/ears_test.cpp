#include "sim/ears.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "audio/speech.hpp"

namespace offhook::sim {
namespace {

using TurnKind = audio::TurnEvent::Kind;

struct Heard {
  int started = 0;
  int stopped = 0;
};

/// Lets `ears` hear a sound, with the model at `sent_dbfs` meanwhile, and a second of silence.
Heard hear(Ears& ears, std::vector<std::int16_t> sound, float gain, float sent_dbfs) {
  sound.resize(sound.size() + voice_rate_hz);
  Heard heard;
  for (std::size_t at = 0; at + 320 <= sound.size(); at += 320) {
    CallerFrame frame;
    frame.sent_dbfs = sent_dbfs;
    for (std::size_t i = 0; i < 320; ++i) {
      frame.samples[i] =
          static_cast<std::int16_t>(std::lround(static_cast<float>(sound[at + i]) * gain));
    }
    const auto event = ears.hear(frame);
    heard.started += event.kind == TurnKind::started ? 1 : 0;
    heard.stopped += event.kind == TurnKind::stopped ? 1 : 0;
  }
  return heard;
}

std::vector<std::int16_t> speech(std::string_view text) {
  return audio::speak(text, "rms", voice_rate_hz)->sound.samples;
}

TurnSettings patient() {
  TurnSettings settings;
  settings.silence_duration_ms = 500;
  return settings;
}

TEST_SUITE("Ears") {
  TEST_CASE("find a turn and its end") {
    Ears ears{patient()};
    const Heard heard = hear(ears, speech("Where is my order, please?"), 1, -90);
    CHECK(heard.started == 1);
    CHECK(heard.stopped == 1);
    CHECK(ears.audio_ms() > 1'500);
  }

  TEST_CASE("semantic_vad: the more eager, the sooner a turn is over") {
    auto sound = speech("Where is my order?");
    sound.resize(sound.size() + std::size_t{2} * voice_rate_hz);
    std::vector<int> ends_ms;
    for (const std::string eagerness : {"high", "medium", "auto", "low"}) {
      const auto session = boost::json::parse(
          R"({"type":"realtime","audio":{"input":{"turn_detection":{"type":"semantic_vad",)"
          R"("eagerness":")" +
          eagerness + R"("}}}})");
      const auto config = SessionConfig::from_accept(session, audio::CodecId::pcmu);
      REQUIRE(config);
      Ears ears{config->turns()};
      int end_ms = 0;
      for (std::size_t at = 0; at + 320 <= sound.size() && end_ms == 0; at += 320) {
        CallerFrame frame;
        std::copy_n(sound.begin() + static_cast<std::ptrdiff_t>(at), 320, frame.samples.begin());
        end_ms = ears.hear(frame).kind == TurnKind::stopped ? ears.audio_ms() : 0;
      }
      REQUIRE(end_ms > 0);
      ends_ms.push_back(end_ms);
    }
    CHECK(ends_ms[0] < ends_ms[1]);
    CHECK(ends_ms[1] == ends_ms[2]);
    CHECK(ends_ms[2] < ends_ms[3]);
  }

  TEST_CASE("take the model's own echo for nobody, and a caller for somebody") {
    const auto words = speech("This is what the model is saying just now.");
    Ears with_echo{patient()};
    CHECK(hear(with_echo, words, 0.03F, -18).started == 0);  // 30 dB below what is sent
    Ears with_caller{patient()};
    CHECK(hear(with_caller, words, 1, -18).started == 1);
    Ears quiet_line{patient()};
    CHECK(hear(quiet_line, words, 0.1F, -90).started == 1);
  }

  TEST_CASE("find nothing while turn detection is off, and count on") {
    Ears ears{std::nullopt};
    const auto words = speech("Hello hello hello.");
    CHECK(hear(ears, words, 1, -90).started == 0);
    const int before = ears.audio_ms();
    CHECK(before > 0);
    ears.configure(patient());
    std::optional<int> started_at;
    for (std::size_t at = 0; at + 320 <= words.size() && !started_at; at += 320) {
      CallerFrame frame;
      std::copy_n(words.begin() + static_cast<std::ptrdiff_t>(at), 320, frame.samples.begin());
      const auto event = ears.hear(frame);
      if (event.kind == TurnKind::started) {
        started_at = event.audio_ms;
      }
    }
    REQUIRE(started_at);
    CHECK(*started_at >= before);
  }

  TEST_CASE("finish a turn before new settings hold") {
    Ears ears{patient()};
    const auto words = speech("This sentence is long enough for a change of settings.");
    std::size_t at = 0;
    bool started = false;
    bool stopped = false;
    for (; at + 320 <= words.size() && !started; at += 320) {
      CallerFrame frame;
      std::copy_n(words.begin() + static_cast<std::ptrdiff_t>(at), 320, frame.samples.begin());
      started = ears.hear(frame).kind == TurnKind::started;
    }
    REQUIRE(started);
    TurnSettings deaf = patient();
    deaf.threshold = 1;
    ears.configure(deaf);
    for (int i = 0; i < 100 && !stopped; ++i) {
      stopped = ears.hear(CallerFrame{}).kind == TurnKind::stopped;
    }
    CHECK(stopped);
  }
}

}  // namespace
}  // namespace offhook::sim
