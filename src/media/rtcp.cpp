#include "media/rtcp.hpp"

#include <algorithm>

#include "media/byte_order.hpp"

namespace offhook::media {
namespace {

enum : std::uint8_t { type_sr = 200, type_rr = 201, type_sdes = 202, type_bye = 203 };
constexpr std::uint8_t sdes_cname = 1;
constexpr std::size_t report_block_bytes = 24;
constexpr std::size_t sender_info_bytes = 20;

/// Appends packets to a buffer that is known to be large enough.
class Writer {
 public:
  explicit Writer(std::uint8_t* out) : begin_{out}, at_{out} {}

  void u32(std::uint32_t value) {
    store_u32(at_, value);
    at_ += 4;
  }
  void begin_packet(int count, std::uint8_t type) {
    packet_ = at_;
    at_[0] = static_cast<std::uint8_t>(0x80 | count);
    at_[1] = type;
    at_ += 4;
  }
  void end_packet() { store_u16(packet_ + 2, static_cast<std::uint16_t>((at_ - packet_) / 4 - 1)); }
  void cname(std::string_view name) {
    name = name.substr(0, 255);
    *at_++ = sdes_cname;
    *at_++ = static_cast<std::uint8_t>(name.size());
    at_ = std::copy(name.begin(), name.end(), at_);
    do {
      *at_++ = 0;  // ends the list of items, then fills up to 32 bits
    } while ((at_ - packet_) % 4 != 0);
  }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  std::uint8_t* begin_;
  std::uint8_t* at_;
  std::uint8_t* packet_ = nullptr;
};

void write_report_block(Writer& writer, const ReportBlock& block) {
  const std::int32_t lost = std::clamp(block.cumulative_lost, -0x800000, 0x7fffff);
  writer.u32(block.ssrc);
  writer.u32(std::uint32_t{block.fraction_lost} << 24 |
             (static_cast<std::uint32_t>(lost) & 0xffffff));
  writer.u32(block.highest_sequence);
  writer.u32(block.jitter);
  writer.u32(block.last_report);
  writer.u32(block.delay_since_last_report);
}

ReportBlock read_report_block(const std::uint8_t* bytes) {
  const std::uint32_t loss = load_u32(bytes + 4);
  return {.ssrc = load_u32(bytes),
          .fraction_lost = static_cast<std::uint8_t>(loss >> 24),
          .cumulative_lost = static_cast<std::int32_t>(loss << 8) >> 8,
          .highest_sequence = load_u32(bytes + 8),
          .jitter = load_u32(bytes + 12),
          .last_report = load_u32(bytes + 16),
          .delay_since_last_report = load_u32(bytes + 20)};
}

/// @param body  An SR or RR from its SSRC on. @return false when it is cut short.
bool read_report(std::uint8_t type,
                 std::size_t count,
                 std::span<const std::uint8_t> body,
                 RtcpReceived& received) {
  std::size_t at = 4;
  if (type == type_sr) {
    if (body.size() < at + sender_info_bytes) {
      return false;
    }
    const std::uint8_t* info = body.data() + at;
    received.sender =
        SenderInfo{.ntp = NtpTime{std::uint64_t{load_u32(info)} << 32 | load_u32(info + 4)},
                   .rtp_timestamp = load_u32(info + 8),
                   .packets = load_u32(info + 12),
                   .octets = load_u32(info + 16)};
    at += sender_info_bytes;
  }
  if (body.size() < at + count * report_block_bytes) {
    return false;
  }
  for (; count > 0 && received.report_count < received.reports.size(); --count) {
    received.reports[received.report_count++] = read_report_block(body.data() + at);
    at += report_block_bytes;
  }
  return true;
}

/// Finds the CNAME in the first chunk of an SDES packet; what is cut short is ignored.
void read_sdes(std::span<const std::uint8_t> body, RtcpReceived& received) {
  std::size_t at = 4;  // behind the SSRC
  while (at + 2 <= body.size() && body[at] != 0) {
    const std::size_t length = body[at + 1];
    if (at + 2 + length > body.size()) {
      return;
    }
    if (body[at] == sdes_cname) {
      received.cname = {reinterpret_cast<const char*>(body.data()) + at + 2, length};
      return;
    }
    at += 2 + length;
  }
}

}  // namespace

std::size_t build_rtcp(const RtcpCompound& compound,
                       std::span<std::uint8_t, max_rtcp_bytes> out) noexcept {
  Writer writer{out.data()};
  writer.begin_packet(compound.report ? 1 : 0, compound.sender ? type_sr : type_rr);
  writer.u32(compound.ssrc);
  if (compound.sender) {
    writer.u32(compound.sender->ntp.seconds());
    writer.u32(compound.sender->ntp.fraction());
    writer.u32(compound.sender->rtp_timestamp);
    writer.u32(compound.sender->packets);
    writer.u32(compound.sender->octets);
  }
  if (compound.report) {
    write_report_block(writer, *compound.report);
  }
  writer.end_packet();
  writer.begin_packet(1, type_sdes);
  writer.u32(compound.ssrc);
  writer.cname(compound.cname);
  writer.end_packet();
  if (compound.bye) {
    writer.begin_packet(1, type_bye);
    writer.u32(compound.ssrc);
    writer.end_packet();
  }
  return writer.size();
}

std::optional<RtcpReceived> parse_rtcp(std::span<const std::uint8_t> packet) noexcept {
  RtcpReceived received;
  if (packet.size() < 8 || (packet[1] != type_sr && packet[1] != type_rr)) {
    return std::nullopt;
  }
  received.ssrc = load_u32(packet.data() + 4);
  while (!packet.empty()) {
    if (packet.size() < 4 || packet[0] >> 6 != 2) {
      return std::nullopt;
    }
    const std::size_t length = (std::size_t{load_u16(packet.data() + 2)} + 1) * 4;
    if (length > packet.size()) {
      return std::nullopt;
    }
    const std::span<const std::uint8_t> body = packet.subspan(4, length - 4);
    const std::size_t count = packet[0] & 0x1f;
    switch (packet[1]) {
      case type_sr:
      case type_rr:
        if (body.size() < 4 || !read_report(packet[1], count, body, received)) {
          return std::nullopt;
        }
        break;
      case type_sdes: read_sdes(body, received); break;
      case type_bye: received.bye = true; break;
      default: break;
    }
    packet = packet.subspan(length);
  }
  return received;
}

std::optional<double> round_trip_ms(const ReportBlock& report, NtpTime now) noexcept {
  if (report.last_report == 0) {
    return std::nullopt;
  }
  const auto ticks = static_cast<std::int32_t>(now.compact() - report.last_report -
                                               report.delay_since_last_report);
  constexpr std::int32_t rounding = 66;  // clocks that round differently: 1 ms below zero is zero
  if (ticks < -rounding) {
    return std::nullopt;
  }
  return std::max(ticks, 0) * 1'000.0 / 65'536.0;
}

}  // namespace offhook::media
