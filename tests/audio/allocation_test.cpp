#include <atomic>
#include <cstdlib>
#include <new>

#include <doctest/doctest.h>

#include "audio/device/sound_path.hpp"
#include "audio/resampler.hpp"
#include "audio/turn_detector.hpp"
#include "audio/voice/voice_processor.hpp"
#include "audio/voice_activity.hpp"
#include "sounds.hpp"

namespace {

std::atomic<std::size_t> allocations{0};

void* counted(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) {
    return memory;
  }
  throw std::bad_alloc{};
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

using offhook::audio::Frame;
using namespace offhook::audio::testing;
namespace audio = offhook::audio;

TEST_SUITE("the media thread") {
  TEST_CASE("can count allocations") {
    const std::size_t before = allocations;
    const Samples some(100);
    CHECK(allocations > before);
    CHECK(some.size() == 100);
  }

  TEST_CASE("encodes, decodes and conceals without allocating") {
    for (const audio::CodecId codec : audio::available_codecs()) {
      for (const int rate : all_rates) {
        auto encoder = audio::make_encoder(codec, rate).value();
        auto decoder = audio::make_decoder(codec, rate).value();
        std::array<std::uint8_t, audio::max_payload_bytes> payload{};
        Frame frame;
        frame.silence(rate);
        audio::SineGenerator sine{440, 8'000, rate};
        const std::size_t before = allocations;
        for (int i = 0; i < 50; ++i) {
          encoder->set_expected_loss(i % 10);
          sine.fill(frame.samples());
          const std::size_t bytes = encoder->encode(frame, payload);
          const auto packet = std::span<const std::uint8_t>{payload}.first(bytes);
          if (i % 7 == 6) {
            decoder->conceal(i % 2 == 0 ? packet : std::span<const std::uint8_t>{}, frame);
          }
          static_cast<void>(decoder->decode(i % 11 == 10 ? packet.first(1) : packet, frame));
        }
        const std::size_t after = allocations;
        CAPTURE(audio::codec_info(codec).sdp_name);
        CAPTURE(rate);
        CHECK(after == before);
      }
    }
  }

  TEST_CASE("resamples, finds turns and serves a device without allocating") {
    auto resampler = audio::Resampler::create(48'000, 16'000).value();
    audio::VoiceActivity voice;
    audio::TurnDetector turns;
    const auto path = audio::SoundPath::create(48'000, nullptr).value();
    Frame wide;
    wide.silence(48'000);
    Frame narrow;
    narrow.silence(16'000);
    audio::SineGenerator sine{200, 8'000, 48'000};
    bool spoke = false;
    const std::size_t before = allocations;
    for (int i = 0; i < 50; ++i) {
      sine.fill(wide.samples());
      resampler.process(wide.samples(), narrow.samples());
      turns.push(voice.process(narrow, 16'000));
      spoke = spoke || turns.speaking();
      path->captured(wide.samples());
      path->exchange(wide, wide, audio::SoundPath::Clock::now());
      path->work(audio::SoundPath::Clock::now());
      path->play(wide.samples());
    }
    const std::size_t after = allocations;
    CHECK(after == before);
    CHECK(spoke);
  }

  TEST_CASE("cancels echo, whatever comes, without allocating") {
    for (const auto engine : audio::available_voice_engines()) {
      auto processor = audio::make_voice_processor({.engine = engine, .gain = true}).value();
      constexpr std::size_t block = audio::VoiceProcessor::block_samples;
      // The delay is found, jumps, the far side gets loud: every branch that 8 seconds can reach.
      Samples far = noise(5'000, 16'000, 8);
      Samples near(far.size());
      for (std::size_t i = 3'200; i < far.size(); ++i) {
        near[i] = static_cast<std::int16_t>(far[i - (i < 64'000 ? 960 : 2'880)] / 2);
      }
      std::array<std::int16_t, block> out{};
      const std::size_t before = allocations;
      for (std::size_t at = 0; at < far.size(); at += block) {
        processor->process(std::span{far}.subspan(at, block), std::span{near}.subspan(at, block),
                           out);
        static_cast<void>(processor->stats());
      }
      const std::size_t after = allocations;
      CAPTURE(audio::name_of(engine));
      CHECK(after == before);
    }
  }
}
