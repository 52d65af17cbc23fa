#include <array>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <opus.h>

#include "audio/similarity.hpp"
#include "audio/tone.hpp"
#include "media/jitter_buffer_factory.hpp"
#include "media/opus_packet.hpp"

using namespace offhook::media;
using namespace std::chrono_literals;
namespace audio = offhook::audio;
using Clock = JitterBuffer::Clock;

namespace {

std::vector<JitterBufferKind> kinds() {
  std::vector<JitterBufferKind> all{JitterBufferKind::portable};
  if (have_neteq()) {
    all.push_back(JitterBufferKind::neteq);
  }
  return all;
}

/// A buffer of one kind that is fed a tone, in simulated time.
class Line {
 public:
  Line(JitterBufferKind kind, audio::CodecId codec, std::uint32_t packet_ms = 20)
      : codec_{audio::codec_info(codec)},
        packet_ms_{packet_ms},
        buffer_{make_jitter_buffer(kind, codec, 16'000).value()},
        encoder_{audio::make_encoder(codec, 16'000).value()} {}

  /// 20 ms of tone as a payload.
  std::vector<std::uint8_t> payload() {
    audio::Frame frame;
    frame.silence(16'000);
    tone_.fill(frame.samples());
    std::array<std::uint8_t, audio::max_payload_bytes> bytes;
    const std::size_t size = encoder_->encode(frame, bytes);
    return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
  }
  void insert(std::span<const std::uint8_t> bytes) {
    buffer_->insert({.header = {.sequence = SequenceNumber{sequence++},
                                .timestamp = RtpTimestamp{timestamp},
                                .ssrc = ssrc},
                     .payload = bytes},
                    now);
    timestamp += static_cast<std::uint32_t>(codec_.rtp_clock_hz) / 1'000 * packet_ms_;
  }
  std::vector<std::int16_t> take() {
    audio::Frame frame;
    buffer_->next_frame(frame, now);
    REQUIRE(frame.size == 320);
    now += 20ms;
    return {frame.samples().begin(), frame.samples().end()};
  }
  /// A packet and a frame, again and again. @return what was heard.
  std::vector<std::int16_t> talk(int frames) {
    std::vector<std::int16_t> heard;
    for (int i = 0; i < frames; ++i) {
      insert(payload());
      const auto frame = take();
      heard.insert(heard.end(), frame.begin(), frame.end());
    }
    return heard;
  }
  [[nodiscard]] JitterBufferStats stats() const { return buffer_->stats(); }
  JitterBuffer& buffer() { return *buffer_; }

  std::uint16_t sequence = 100;
  std::uint32_t timestamp = 5'000;
  std::uint32_t ssrc = 1;
  Clock::time_point now{1'000s};

 private:
  const audio::CodecInfo& codec_;
  std::uint32_t packet_ms_;
  std::unique_ptr<JitterBuffer> buffer_;
  std::unique_ptr<audio::Encoder> encoder_;
  audio::SineGenerator tone_{400, 16'000, 8'000};
};

/// The tone is heard at its full loudness.
bool sounds(const std::vector<std::int16_t>& heard) {
  const std::span<const std::int16_t> last = std::span{heard}.last(16'000 / 2);
  return audio::rms_dbfs(last) > -18;
}

}  // namespace

TEST_SUITE("Jitter buffer of either kind") {
  TEST_CASE("plays every codec of this build") {
    for (const auto kind : kinds()) {
      for (const auto codec : audio::available_codecs()) {
        CAPTURE(to_string(kind));
        CAPTURE(audio::codec_info(codec).sdp_name);
        Line line{kind, codec};
        CHECK(sounds(line.talk(150)));
        CHECK(line.stats().concealed <= 3);
        CHECK(line.stats().delay_ms <= 80);
      }
    }
  }

  TEST_CASE("goes on after jumps of sequence and timestamp, and after another SSRC") {
    for (const auto kind : kinds()) {
      for (const auto codec : {audio::CodecId::pcmu, audio::CodecId::opus}) {
        CAPTURE(to_string(kind));
        CAPTURE(audio::codec_info(codec).sdp_name);
        Line line{kind, codec};
        REQUIRE(sounds(line.talk(100)));
        line.timestamp += 900'000'000;
        CHECK(sounds(line.talk(100)));
        line.timestamp -= 450'000;
        CHECK(sounds(line.talk(100)));
        line.timestamp -= 2'000'000'000;
        line.sequence = static_cast<std::uint16_t>(line.sequence + 30'000);
        CHECK(sounds(line.talk(100)));
        line.ssrc = 2;
        line.timestamp = 3;
        line.sequence = 65'530;
        CHECK(sounds(line.talk(100)));
        CHECK(line.stats().resets >= 2);
      }
    }
  }

  TEST_CASE("plays on after 2000 packets in one burst, with a short delay") {
    for (const auto kind : kinds()) {
      CAPTURE(to_string(kind));
      Line line{kind, audio::CodecId::pcmu};
      line.talk(50);
      for (int i = 0; i < 2'000; ++i) {
        line.insert(line.payload());
      }
      CHECK(sounds(line.talk(200)));
      CHECK(line.stats().discarded >= 1'800);
      CHECK(line.stats().resets >= 1);
      CHECK(line.stats().delay_ms <= 300);
    }
  }

  TEST_CASE("counts payloads that are none, and plays on") {
    for (const auto kind : kinds()) {
      for (const auto codec : audio::available_codecs()) {
        CAPTURE(to_string(kind));
        CAPTURE(audio::codec_info(codec).sdp_name);
        Line line{kind, codec};
        std::uint32_t random = 7;
        for (int i = 0; i < 3'000; ++i) {
          random = random * 1'664'525 + 1'013'904'223;
          std::vector<std::uint8_t> junk((random >> 8) % (i % 50 == 0 ? 1'900 : 300));
          for (std::uint8_t& byte : junk) {
            random = random * 1'664'525 + 1'013'904'223;
            byte = static_cast<std::uint8_t>(random >> 24);
          }
          line.insert(junk);
          line.take();
        }
        CHECK(line.stats().discarded > 0);
        CHECK(sounds(line.talk(200)));
      }
    }
  }

  TEST_CASE("takes Opus packets of 10, 20 and 60 ms as another encoder makes them") {
    for (const auto kind : kinds()) {
      for (const int packet_ms : {10, 20, 60}) {
        CAPTURE(to_string(kind));
        CAPTURE(packet_ms);
        Line line{kind, audio::CodecId::opus, static_cast<std::uint32_t>(packet_ms)};
        int failure = 0;
        const std::unique_ptr<OpusEncoder, decltype(&opus_encoder_destroy)> encoder{
            opus_encoder_create(16'000, 1, OPUS_APPLICATION_VOIP, &failure), opus_encoder_destroy};
        audio::SineGenerator tone{400, 16'000, 8'000};
        std::vector<std::int16_t> heard;
        int sent_ms = 0;
        for (int now_ms = 0; now_ms < 3'000; now_ms += 20) {
          for (; sent_ms <= now_ms; sent_ms += packet_ms) {
            std::vector<std::int16_t> sound(static_cast<std::size_t>(16 * packet_ms));
            tone.fill(sound);
            std::array<std::uint8_t, 1'000> bytes;
            const int length = opus_encode(encoder.get(), sound.data(), 16 * packet_ms,
                                           bytes.data(), static_cast<int>(bytes.size()));
            REQUIRE(length > 0);
            line.insert(std::span{bytes}.first(static_cast<std::size_t>(length)));
          }
          const auto frame = line.take();
          heard.insert(heard.end(), frame.begin(), frame.end());
        }
        CHECK(sounds(heard));
        CHECK(line.stats().concealed <= 6);
        CHECK(line.stats().discarded == 0);
        CHECK(line.stats().late == 0);
      }
    }
  }

  TEST_CASE("takes Opus packets of 40 ms") {
    for (const auto kind : kinds()) {
      CAPTURE(to_string(kind));
      Line line{kind, audio::CodecId::opus, 40};
      std::vector<std::int16_t> heard;
      for (int i = 0; i < 100; ++i) {
        const auto first = line.payload();
        const auto second = line.payload();
        std::array<std::uint8_t, 2'600> joined;
        const std::size_t length = join_opus(first, second, joined);
        REQUIRE(length > 0);
        REQUIRE(opus_duration(std::span{joined}.first(length)) == 1'920);
        line.insert(std::span{joined}.first(length));
        for (int frame = 0; frame < 2; ++frame) {
          const auto samples = line.take();
          heard.insert(heard.end(), samples.begin(), samples.end());
        }
      }
      CHECK(sounds(heard));
      CHECK(line.stats().concealed <= 4);
      CHECK(line.stats().discarded == 0);
    }
  }

  TEST_CASE("fills a pause with the peer's comfort noise and counts no concealment in it") {
    for (const auto kind : kinds()) {
      CAPTURE(to_string(kind));
      Line line{kind, audio::CodecId::pcmu};
      line.talk(100);
      const std::array<std::uint8_t, 1> level{55};  // -dBov
      line.buffer().insert_comfort_noise({.header = {.sequence = SequenceNumber{line.sequence++},
                                                     .timestamp = RtpTimestamp{line.timestamp},
                                                     .ssrc = 1},
                                          .payload = level},
                                         line.now);
      const std::uint64_t concealed = line.stats().concealed;
      std::vector<std::int16_t> pause;
      for (int i = 0; i < 100; ++i) {
        const auto frame = line.take();
        pause.insert(pause.end(), frame.begin(), frame.end());
        line.timestamp += 160;
      }
      const double loudness = audio::rms_dbfs(std::span{pause}.last(16'000));
      CHECK(loudness < -40);
      CHECK(loudness > -75);
      CHECK(sounds(line.talk(100)));
      CHECK(line.stats().concealed <= concealed + 1);
    }
  }
}

TEST_SUITE("Opus packet") {
  TEST_CASE("tells its duration by its first bytes") {
    const auto of = [](std::initializer_list<std::uint8_t> bytes) {
      const std::vector<std::uint8_t> packet{bytes};
      return opus_duration(packet);
    };
    CHECK(of({0x00}) == 480);          // SILK, 10 ms
    CHECK(of({0x18}) == 2'880);        // SILK, 60 ms
    CHECK(of({0x78}) == 960);          // hybrid, 20 ms
    CHECK(of({0xf8}) == 960);          // CELT, 20 ms
    CHECK(of({0xe0}) == 120);          // CELT, 2.5 ms
    CHECK(of({0xf9, 1}) == 1'920);     // two of 20 ms
    CHECK(of({0xfb, 3, 1}) == 2'880);  // three of 20 ms
    CHECK(of({0xfb, 7, 1}) == 0);      // longer than 120 ms
    CHECK(of({0xfb}) == 0);            // cut short
    CHECK(of({}) == 0);
  }

  TEST_CASE("of two halves holds both, whatever their length") {
    for (const std::size_t length : {2U, 100U, 252U, 253U, 600U}) {
      std::vector<std::uint8_t> half(length, 0x42);
      half[0] = 0xf0;
      std::array<std::uint8_t, 1'300> joined{};
      const std::size_t total = join_opus(half, half, joined);
      CHECK(total == 1 + (length - 1 < 252 ? 1 : 2) + 2 * (length - 1));
      CHECK(opus_duration(std::span{joined}.first(total)) == 960);
    }
    const std::vector<std::uint8_t> silk{0x00, 1};
    const std::vector<std::uint8_t> celt{0xf0, 1};
    std::array<std::uint8_t, 10> joined{};
    CHECK(join_opus(silk, celt, joined) == 0);
  }
}
