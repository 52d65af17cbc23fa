#include "audio/codec.hpp"

#include <array>
#include <string>

#include <doctest/doctest.h>
#include <opus/opus.h>

#include "audio/similarity.hpp"
#include "sounds.hpp"

using offhook::Errc;
using offhook::audio::CodecId;
using offhook::audio::Frame;
using namespace offhook::audio::testing;
namespace audio = offhook::audio;

namespace {

constexpr std::string_view sentence = "Good morning, this is a test of the line.";

std::vector<std::uint8_t> opus_packet(int rate_hz, int milliseconds) {
  int error = 0;
  OpusEncoder* encoder = opus_encoder_create(rate_hz, 1, OPUS_APPLICATION_VOIP, &error);
  const auto samples = tone(300, 8'000, rate_hz, milliseconds / 1'000.0);
  std::vector<std::uint8_t> packet(4'000);
  const int bytes = opus_encode(encoder, samples.data(), static_cast<int>(samples.size()),
                                packet.data(), static_cast<int>(packet.size()));
  opus_encoder_destroy(encoder);
  packet.resize(static_cast<std::size_t>(bytes));
  return packet;
}

double mean_payload_bytes(audio::Encoder& encoder, int rate_hz) {
  std::vector<std::uint8_t> payload(audio::max_payload_bytes);
  std::size_t bytes = 0;
  int frames = 0;
  for_each_frame(speech(sentence, rate_hz), rate_hz, [&](const Frame& frame) {
    bytes += encoder.encode(frame, payload);
    ++frames;
  });
  return static_cast<double>(bytes) / frames;
}

}  // namespace

TEST_SUITE("codecs") {
  TEST_CASE("are known by their SDP names in any case") {
    CHECK(audio::codec_by_name("OPUS") == CodecId::opus);
    CHECK(audio::codec_by_name("g722") == CodecId::g722);
    CHECK(audio::codec_by_name("pcmu") == CodecId::pcmu);
    CHECK(audio::codec_by_name("PCMA") == CodecId::pcma);
    CHECK_FALSE(audio::codec_by_name("G729").has_value());
    CHECK_FALSE(audio::codec_by_name("").has_value());
  }

  TEST_CASE("are described as RFC 3551 and RFC 7587 want them") {
    const auto& opus = audio::codec_info(CodecId::opus);
    CHECK(opus.rtp_clock_hz == 48'000);
    CHECK(opus.sdp_channels == 2);
    CHECK(opus.payload_type >= 96);
    CHECK(opus.ticks_per_frame() == 960);
    CHECK(audio::codec_info(CodecId::pcmu).payload_type == 0);
    CHECK(audio::codec_info(CodecId::pcma).payload_type == 8);
    CHECK(audio::codec_info(CodecId::g722).payload_type == 9);
    CHECK(audio::codec_info(CodecId::g722).ticks_per_frame() == 160);
  }

  TEST_CASE("are offered in the order of preference") {
    const auto codecs = audio::available_codecs();
    REQUIRE(codecs.size() >= 3);
    CHECK(codecs.front() == CodecId::opus);
    CHECK(codecs[codecs.size() - 2] == CodecId::pcmu);
    CHECK(codecs.back() == CodecId::pcma);
  }

  TEST_CASE("keep speech at every rate") {
    for (const CodecId codec : audio::available_codecs()) {
      for (const int rate : all_rates) {
        const auto original = speech(sentence, rate);
        const auto received = through(codec, original, rate);
        const auto found =
            audio::best_alignment(original, received, static_cast<std::size_t>(rate / 20));
        CAPTURE(audio::codec_info(codec).sdp_name);
        CAPTURE(rate);
        // Opus keeps what is heard rather than the waveform.
        CHECK(found.correlation > (codec == CodecId::opus ? 0.9 : 0.98));
        CHECK(found.lag_samples >= 0);
        CHECK(found.lag_samples <= rate * 12 / 1'000);  // at most 12 ms late
      }
    }
  }

  TEST_CASE("keep a tone clean and as loud as it was") {
    for (const CodecId codec : audio::available_codecs()) {
      for (const int rate : all_rates) {
        const auto original = tone(1'000, 8'000, rate, 1);
        const auto received = through(codec, original, rate);
        const auto settled = std::span{received}.subspan(received.size() / 4);
        CAPTURE(audio::codec_info(codec).sdp_name);
        CAPTURE(rate);
        CHECK(audio::best_alignment(settled, original, original.size()).correlation > 0.98);
        CHECK(audio::rms_dbfs(settled) == doctest::Approx(audio::rms_dbfs(original)).epsilon(0.08));
      }
    }
  }

  TEST_CASE("refuse rates that are not a telephone's") {
    for (const CodecId codec : audio::available_codecs()) {
      CHECK(audio::make_encoder(codec, 44'100).error().code == Errc::unsupported);
      CHECK(audio::make_decoder(codec, 0).error().code == Errc::unsupported);
    }
  }

  TEST_CASE("encode nothing from a frame of another size or into too little room") {
    for (const CodecId codec : audio::available_codecs()) {
      auto encoder = audio::make_encoder(codec, 16'000).value();
      std::array<std::uint8_t, audio::max_payload_bytes> payload{};
      Frame frame;
      CHECK(encoder->encode(frame, payload) == 0);
      frame.silence(8'000);
      CHECK(encoder->encode(frame, payload) == 0);
      frame.silence(16'000);
      CHECK(encoder->encode(frame, std::span{payload}.first(0)) == 0);
      CHECK(encoder->encode(frame, payload) > 0);
    }
  }
}

TEST_SUITE("decoders") {
  TEST_CASE("reject payloads that are not 20 ms, conceal instead and stay usable") {
    for (const CodecId codec : audio::available_codecs()) {
      CAPTURE(audio::codec_info(codec).sdp_name);
      auto encoder = audio::make_encoder(codec, 16'000).value();
      auto decoder = audio::make_decoder(codec, 16'000).value();
      std::vector<std::vector<std::uint8_t>> bad{{}};
      if (codec == CodecId::opus) {
        bad.push_back(opus_packet(16'000, 10));
        bad.push_back({0xff});                                  // code 3 without its frame count
        bad.push_back({0x03, 0xff, 0xff});                      // 63 frames
        bad.push_back(std::vector<std::uint8_t>(1'500, 0x4b));  // longer than Opus can be
      } else {
        for (const std::size_t bytes : {1U, 80U, 159U, 161U, 240U, 1'400U}) {
          bad.push_back(std::vector<std::uint8_t>(bytes, 0xd5));
        }
      }
      Frame frame;
      for (const auto& payload : bad) {
        CAPTURE(payload.size());
        frame.size = 0;
        CHECK_FALSE(decoder->decode(payload, frame));
        CHECK(frame.size == 320);
      }
      std::vector<std::uint8_t> payload(audio::max_payload_bytes);
      frame.silence(16'000);
      payload.resize(encoder->encode(frame, payload));
      CHECK(decoder->decode(payload, frame));
      CHECK(frame.size == 320);
    }
  }

  TEST_CASE("give the first 20 ms of longer Opus packets") {
    auto decoder = audio::make_decoder(CodecId::opus, 16'000).value();
    for (const int milliseconds : {40, 60}) {
      Frame frame;
      CHECK(decoder->decode(opus_packet(16'000, milliseconds), frame));
      CHECK(frame.size == 320);
    }
  }

  TEST_CASE("survive every one-byte payload and noise of every length") {
    for (const CodecId codec : audio::available_codecs()) {
      auto decoder = audio::make_decoder(codec, 48'000).value();
      Frame frame;
      std::vector<std::uint8_t> payload;
      std::uint32_t state = 7;
      int whole_frames = 0;
      for (int round = 0; round < 2'000; ++round) {
        state = state * 1'664'525U + 1'013'904'223U;
        payload.push_back(static_cast<std::uint8_t>(state >> 24U));
        if (payload.size() > 300) {
          payload.assign(1, static_cast<std::uint8_t>(state >> 16U));
        }
        static_cast<void>(decoder->decode(payload, frame));
        whole_frames += frame.size == 960 ? 1 : 0;
        decoder->conceal(payload, frame);
        whole_frames += frame.size == 960 ? 1 : 0;
      }
      CHECK(whole_frames == 4'000);
    }
  }

  TEST_CASE("take Opus from a stereo sender") {
    int error = 0;
    OpusEncoder* encoder = opus_encoder_create(48'000, 2, OPUS_APPLICATION_AUDIO, &error);
    auto decoder = audio::make_decoder(CodecId::opus, 16'000).value();
    const auto mono = tone(400, 8'000, 48'000, 0.5);
    Samples received;
    for_each_frame(mono, 48'000, [&](const Frame& frame) {
      std::array<std::int16_t, 1'920> both{};
      for (std::size_t i = 0; i < 960; ++i) {
        both[2 * i] = both[2 * i + 1] = frame.storage[i];
      }
      std::vector<std::uint8_t> packet(1'275);
      const int bytes = opus_encode(encoder, both.data(), 960, packet.data(), 1'275);
      Frame out;
      CHECK(decoder->decode(std::span{packet}.first(static_cast<std::size_t>(bytes)), out));
      received.insert(received.end(), out.samples().begin(), out.samples().end());
    });
    opus_encoder_destroy(encoder);
    CHECK(audio::best_alignment(tone(400, 8'000, 16'000, 0.3), received, 8'000).correlation > 0.98);
  }
}

TEST_SUITE("Opus encoder") {
  TEST_CASE("sends about 24 kb/s of narrow and 32 kb/s of wide sound") {
    auto narrow = audio::make_encoder(CodecId::opus, 16'000).value();
    auto wide = audio::make_encoder(CodecId::opus, 48'000).value();
    CHECK(mean_payload_bytes(*narrow, 16'000) * 0.4 == doctest::Approx(24).epsilon(0.25));
    CHECK(mean_payload_bytes(*wide, 48'000) * 0.4 == doctest::Approx(32).epsilon(0.25));
  }

  TEST_CASE("spends more from 3 % loss on, for forward error correction") {
    for (const int percent : {2, 3}) {
      auto encoder = audio::make_encoder(CodecId::opus, 16'000).value();
      encoder->set_expected_loss(percent);
      CAPTURE(percent);
      CHECK((mean_payload_bytes(*encoder, 16'000) * 0.4 > 27) == (percent == 3));
    }
  }
}
