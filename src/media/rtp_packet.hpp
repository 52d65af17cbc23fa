#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace offhook::media {

/// RTP sequence number: 16 bits that wrap, so 2 comes after 65535 and not before it.
class SequenceNumber {
 public:
  constexpr SequenceNumber() = default;
  constexpr explicit SequenceNumber(std::uint16_t value) noexcept : value_{value} {}

  [[nodiscard]] constexpr std::uint16_t value() const noexcept { return value_; }
  /// Steps forward from `earlier` to this one, from -32768 to 32767: 2 minus 65535 is 3.
  [[nodiscard]] constexpr int operator-(SequenceNumber earlier) const noexcept {
    return static_cast<std::int16_t>(static_cast<std::uint16_t>(value_ - earlier.value_));
  }
  [[nodiscard]] constexpr SequenceNumber operator+(int steps) const noexcept {
    return SequenceNumber{static_cast<std::uint16_t>(value_ + steps)};
  }
  [[nodiscard]] constexpr bool newer_than(SequenceNumber other) const noexcept {
    return *this - other > 0;
  }
  friend constexpr bool operator==(SequenceNumber, SequenceNumber) = default;

 private:
  std::uint16_t value_ = 0;
};

/// RTP timestamp: 32 bits that wrap, in ticks of the codec's RTP clock.
class RtpTimestamp {
 public:
  constexpr RtpTimestamp() = default;
  constexpr explicit RtpTimestamp(std::uint32_t value) noexcept : value_{value} {}

  [[nodiscard]] constexpr std::uint32_t value() const noexcept { return value_; }
  /// Ticks from `earlier` to this one; negative when this one is the earlier.
  [[nodiscard]] constexpr std::int32_t operator-(RtpTimestamp earlier) const noexcept {
    return static_cast<std::int32_t>(value_ - earlier.value_);
  }
  [[nodiscard]] constexpr RtpTimestamp operator+(std::uint32_t ticks) const noexcept {
    return RtpTimestamp{value_ + ticks};
  }
  [[nodiscard]] constexpr bool newer_than(RtpTimestamp other) const noexcept {
    return *this - other > 0;
  }
  friend constexpr bool operator==(RtpTimestamp, RtpTimestamp) = default;

 private:
  std::uint32_t value_ = 0;
};

inline constexpr std::size_t rtp_header_bytes = 12;

/// The fields of the fixed header that we use (RFC 3550 section 5.1).
struct RtpHeader {
  bool marker = false;
  std::uint8_t payload_type = 0;
  SequenceNumber sequence{};
  RtpTimestamp timestamp{};
  std::uint32_t ssrc = 0;
};

/// A parsed packet; the payload is a part of the bytes it was parsed from.
struct RtpPacketView {
  RtpHeader header{};
  std::span<const std::uint8_t> payload{};  ///< Without CSRCs, header extension and padding.
};

/// Length of the header with CSRCs and header extension: what SRTP leaves in clear.
/// @return nothing when it is not RTP version 2 or is cut short.
[[nodiscard]] std::optional<std::size_t> rtp_header_length(
    std::span<const std::uint8_t> packet) noexcept;

/// The fixed header alone; `packet` must hold what `rtp_header_length` found.
[[nodiscard]] RtpHeader read_rtp_header(std::span<const std::uint8_t> packet) noexcept;

/// Reads any bytes from the network. @return nothing when they are no well-formed RTP packet.
[[nodiscard]] std::optional<RtpPacketView> parse_rtp(std::span<const std::uint8_t> packet) noexcept;

/// Writes the fixed header, without CSRCs, extension and padding.
void write_rtp_header(const RtpHeader& header,
                      std::span<std::uint8_t, rtp_header_bytes> out) noexcept;

}  // namespace offhook::media
