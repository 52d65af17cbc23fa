// Input: one RTP packet as it comes from the network. It goes through everything behind the socket
// that needs no key: parser, statistics, telephone events, jitter buffer.
#include <algorithm>
#include <array>
#include <memory>

#include "expect.hpp"
#include "media/adaptive_jitter_buffer.hpp"
#include "media/dtmf.hpp"
#include "media/receiver_stats.hpp"
#include "media/rtp_packet.hpp"

namespace {

using namespace offhook;
using Clock = media::JitterBuffer::Clock;

void play(const media::RtpPacketView& packet, audio::CodecId codec) {
  constexpr int rate_hz = 8'000;
  const Clock::time_point began{std::chrono::hours{1}};
  auto decoder = audio::make_decoder(codec, rate_hz);
  FUZZ_EXPECT(decoder.has_value());
  media::AdaptiveJitterBuffer buffer{*std::move(decoder), audio::codec_info(codec), rate_hz};
  buffer.insert(packet, began);
  buffer.insert(packet, began);
  media::RtpPacketView next = packet;
  next.header.sequence = packet.header.sequence + 1;
  next.header.timestamp = packet.header.timestamp + audio::codec_info(codec).ticks_per_frame();
  buffer.insert(next, began + std::chrono::milliseconds{20});
  for (int i = 0; i < 8; ++i) {
    audio::Frame frame;
    buffer.next_frame(frame, began + i * std::chrono::milliseconds{20});
    FUZZ_EXPECT(frame.size == audio::samples_per_frame(rate_hz));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bytes{data, size};
  const auto packet = media::parse_rtp(bytes);
  if (!packet) {
    return 0;
  }
  FUZZ_EXPECT(packet->payload.size() + media::rtp_header_bytes <= size);
  if (!packet->payload.empty()) {
    FUZZ_EXPECT(packet->payload.data() >= data + media::rtp_header_bytes);
    FUZZ_EXPECT(packet->payload.data() + packet->payload.size() <= data + size);
  }
  std::array<std::uint8_t, media::rtp_header_bytes> written{};
  media::write_rtp_header(packet->header, written);
  FUZZ_EXPECT(std::equal(written.begin() + 1, written.end(), data + 1));

  media::ReceiverStats stats;
  for (int step = 0; step < 3; ++step) {
    media::RtpHeader header = packet->header;
    header.sequence = header.sequence + step * packet->header.payload_type;
    stats.on_packet(header, Clock::time_point{std::chrono::milliseconds{step}}, 8'000);
  }
  FUZZ_EXPECT(stats.make_report(1, 8'000, Clock::time_point{}).cumulative_lost >= 0);

  media::DtmfReceiver digits;
  if (const auto event = media::parse_telephone_event(packet->payload)) {
    const auto digit = digits.on_packet(packet->header.timestamp, *event, Clock::time_point{});
    FUZZ_EXPECT(digit.has_value() == (event->end && event->code < 16));
  }
  for (const audio::CodecId codec : audio::available_codecs()) {
    play(*packet, codec);
  }
  return 0;
}
