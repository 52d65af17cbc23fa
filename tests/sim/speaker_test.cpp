#include "sim/speaker.hpp"

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace offhook::sim {
namespace {

/// What the media thread does every 20 ms. @return the samples that were sent.
std::vector<std::int16_t> exchange(Speaker& speaker, std::int16_t caller = 0) {
  audio::Frame received;
  received.silence(voice_rate_hz);
  for (auto& sample : received.samples()) {
    sample = caller;
  }
  audio::Frame to_send;
  to_send.silence(voice_rate_hz);
  speaker.exchange(received, to_send);
  const auto samples = to_send.samples();
  return {samples.begin(), samples.end()};
}

std::vector<std::int16_t> sound(std::size_t size, std::int16_t first) {
  std::vector<std::int16_t> samples(size);
  for (auto& sample : samples) {
    sample = first++;
  }
  return samples;
}

TEST_SUITE("Speaker") {
  TEST_CASE("plays clips one behind the other without a gap") {
    Speaker speaker;
    speaker.play(1, sound(100, 1));
    speaker.play(1, sound(300, 101));
    std::vector<std::int16_t> sent = exchange(speaker);
    CHECK(sent == sound(320, 1));
    CHECK(speaker.played_samples(1) == 320);
    sent = exchange(speaker);
    CHECK(sent[79] == 400);
    CHECK(sent[80] == 0);
    CHECK(speaker.played_samples(1) == 400);
    speaker.collect();
    CHECK(speaker.played_samples(1) == 400);
  }

  TEST_CASE("is silent within one frame of being cleared, and plays what comes afterwards") {
    Speaker speaker;
    speaker.play(1, sound(32'000, 1));
    CHECK(exchange(speaker)[0] == 1);
    speaker.clear();
    CHECK(exchange(speaker) == std::vector<std::int16_t>(320, 0));
    speaker.play(2, sound(320, 7));
    CHECK(exchange(speaker) == sound(320, 7));
    CHECK(speaker.played_samples(2) == 320);
  }

  TEST_CASE("counts interleaved utterances apart") {
    Speaker speaker;
    for (std::uint32_t i = 0; i < 4; ++i) {
      speaker.play(1 + i % 2, sound(160, 1));
    }
    exchange(speaker);
    CHECK(speaker.played_samples(1) == 160);
    CHECK(speaker.played_samples(2) == 160);
    exchange(speaker);
    speaker.collect();
    CHECK(speaker.played_samples(1) == 320);
    CHECK(speaker.played_samples(2) == 320);
    CHECK(speaker.played_samples(3) == 0);
  }

  TEST_CASE("keeps more clips than its ring holds") {
    Speaker speaker;
    for (int i = 0; i < 1'000; ++i) {
      speaker.play(1, std::vector<std::int16_t>(320, 5));
    }
    for (int i = 0; i < 1'000; ++i) {
      CHECK(exchange(speaker)[319] == 5);
      speaker.collect();
    }
    CHECK(speaker.played_samples(1) == 320'000);
    CHECK(exchange(speaker)[0] == 0);
  }

  TEST_CASE("hands over what the caller says, with the model's level beside it") {
    Speaker speaker;
    exchange(speaker, 11);
    speaker.play(1, std::vector<std::int16_t>(320, 16'000));
    exchange(speaker, 12);
    CallerFrame frame;
    REQUIRE(speaker.hear(frame));
    CHECK(frame.samples[0] == 11);
    CHECK(frame.sent_dbfs < -80);
    REQUIRE(speaker.hear(frame));
    CHECK(frame.samples[319] == 12);
    CHECK(frame.sent_dbfs > -10);
    CHECK_FALSE(speaker.hear(frame));
  }

  TEST_CASE("loses the caller rather than wait for a busy control thread") {
    Speaker speaker;
    for (int i = 0; i < 70; ++i) {
      exchange(speaker);
    }
    CHECK(speaker.frames_missed() == 6);
  }

  TEST_CASE("serves a media and a control thread at once") {
    Speaker speaker;
    std::atomic<bool> done{false};
    std::uint64_t sum = 0;
    std::thread media{[&] {
      while (!done.load()) {
        for (const auto sample : exchange(speaker)) {
          sum += static_cast<std::uint64_t>(sample);
        }
      }
    }};
    CallerFrame frame;
    for (int i = 0; i < 2'000; ++i) {
      speaker.play(1, std::vector<std::int16_t>(100, 1));
      speaker.collect();
      while (speaker.hear(frame)) {
      }
    }
    while (speaker.played_samples(1) < 200'000) {
      speaker.collect();
      std::this_thread::yield();
    }
    done.store(true);
    media.join();
    CHECK(sum == 200'000);
  }
}

}  // namespace
}  // namespace offhook::sim
