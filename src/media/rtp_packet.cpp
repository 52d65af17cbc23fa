#include "media/rtp_packet.hpp"

#include "media/byte_order.hpp"

namespace offhook::media {
namespace {

constexpr std::uint8_t rtp_version = 2;
constexpr std::uint8_t padding_bit = 0x20;
constexpr std::uint8_t extension_bit = 0x10;
constexpr std::uint8_t csrc_count_mask = 0x0f;
constexpr std::uint8_t marker_bit = 0x80;

}  // namespace

std::optional<std::size_t> rtp_header_length(std::span<const std::uint8_t> packet) noexcept {
  if (packet.size() < rtp_header_bytes || packet[0] >> 6 != rtp_version) {
    return std::nullopt;
  }
  std::size_t length = rtp_header_bytes + std::size_t{4} * (packet[0] & csrc_count_mask);
  if ((packet[0] & extension_bit) != 0) {
    if (packet.size() < length + 4) {
      return std::nullopt;
    }
    length += 4 + std::size_t{4} * load_u16(packet.data() + length + 2);
  }
  if (packet.size() < length) {
    return std::nullopt;
  }
  return length;
}

RtpHeader read_rtp_header(std::span<const std::uint8_t> packet) noexcept {
  return {.marker = (packet[1] & marker_bit) != 0,
          .payload_type = static_cast<std::uint8_t>(packet[1] & 0x7f),
          .sequence = SequenceNumber{load_u16(packet.data() + 2)},
          .timestamp = RtpTimestamp{load_u32(packet.data() + 4)},
          .ssrc = load_u32(packet.data() + 8)};
}

std::optional<RtpPacketView> parse_rtp(std::span<const std::uint8_t> packet) noexcept {
  const auto header_length = rtp_header_length(packet);
  if (!header_length) {
    return std::nullopt;
  }
  std::span<const std::uint8_t> payload = packet.subspan(*header_length);
  if ((packet[0] & padding_bit) != 0) {
    // The last byte counts the padding, itself included.
    if (payload.empty() || payload.back() == 0 || payload.back() > payload.size()) {
      return std::nullopt;
    }
    payload = payload.first(payload.size() - payload.back());
  }
  return RtpPacketView{.header = read_rtp_header(packet), .payload = payload};
}

void write_rtp_header(const RtpHeader& header,
                      std::span<std::uint8_t, rtp_header_bytes> out) noexcept {
  out[0] = rtp_version << 6;
  out[1] = static_cast<std::uint8_t>((header.marker ? marker_bit : 0) | header.payload_type);
  store_u16(out.data() + 2, header.sequence.value());
  store_u32(out.data() + 4, header.timestamp.value());
  store_u32(out.data() + 8, header.ssrc);
}

}  // namespace offhook::media
