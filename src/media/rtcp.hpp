#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "media/ntp_time.hpp"

namespace offhook::media {

/// What a receiver tells of one source (RFC 3550 section 6.4.1).
struct ReportBlock {
  std::uint32_t ssrc = 0;              ///< The source that this is about.
  std::uint8_t fraction_lost = 0;      ///< Since the last report, in 1/256.
  std::int32_t cumulative_lost = 0;    ///< 24 bits; negative when duplicates outnumber losses.
  std::uint32_t highest_sequence = 0;  ///< Extended: wraps in the upper half.
  std::uint32_t jitter = 0;            ///< In ticks of the RTP clock.
  std::uint32_t last_report = 0;       ///< LSR: `compact` time of the last SR from it, or 0.
  std::uint32_t delay_since_last_report = 0;  ///< DLSR, in 1/65536 s.
};

/// What a sender tells of itself.
struct SenderInfo {
  NtpTime ntp{};
  std::uint32_t rtp_timestamp = 0;
  std::uint32_t packets = 0;
  std::uint32_t octets = 0;  ///< Of payload.
};

/// One compound packet as we send it: SR or RR, SDES with the CNAME, perhaps BYE.
struct RtcpCompound {
  std::uint32_t ssrc = 0;
  std::optional<SenderInfo> sender{};  ///< Set: SR. Empty: RR.
  std::optional<ReportBlock> report{};
  std::string_view cname{};  ///< At most 255 bytes of it are sent.
  bool bye = false;
};

/// Room that `build_rtcp` may need.
inline constexpr std::size_t max_rtcp_bytes = 400;

/// @return bytes written to the front of `out`.
[[nodiscard]] std::size_t build_rtcp(const RtcpCompound& compound,
                                     std::span<std::uint8_t, max_rtcp_bytes> out) noexcept;

/// What a received compound packet says, as far as we use it.
struct RtcpReceived {
  std::uint32_t ssrc = 0;  ///< Of the reporter: that of the first packet.
  std::optional<SenderInfo> sender{};
  std::array<ReportBlock, 31> reports{};
  std::size_t report_count = 0;
  std::string_view cname{};  ///< A part of the packet.
  bool bye = false;
};

/// Reads any bytes from the network; packet types that we do not know are skipped.
/// @return nothing when it is no compound packet of RFC 3550 (A.2): wrong version, first packet
///         neither SR nor RR, lengths that do not add up.
[[nodiscard]] std::optional<RtcpReceived> parse_rtcp(std::span<const std::uint8_t> packet) noexcept;

/// Round trip from a report about what we sent (RFC 3550 section 6.4.1: A - LSR - DLSR).
/// @return ms, or nothing when the reporter had no SR of ours yet or its times make no sense.
[[nodiscard]] std::optional<double> round_trip_ms(const ReportBlock& report, NtpTime now) noexcept;

}  // namespace offhook::media
