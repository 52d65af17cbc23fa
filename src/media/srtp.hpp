#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/error.hpp"
#include "media/replay_window.hpp"
#include "media/srtp_cipher.hpp"
#include "media/srtp_keys.hpp"

namespace offhook::media {

/// Room behind a packet that protecting it needs: SRTCP index and the longest tag; also the
/// roll-over counter that SRTP authenticates but does not send.
inline constexpr std::size_t srtp_trailer_bytes = 14;

// Why not libre's srtp_*: it takes new sources and wraps of the sequence number from packets before
// it has authenticated them, so eight forged ones lock the real peer out, and one forged wrap ends
// decryption for good.

/// Protects what one stream sends: RTP and RTCP of one SSRC (RFC 3711). One thread at a time; does
/// not allocate per packet.
class SrtpSender {
 public:
  [[nodiscard]] static Result<SrtpSender> create(SrtpSuite suite, const SrtpMaster& master);

  /// Encrypts in place and appends the tag. Sequence numbers must go up by one from call to call;
  /// gaps are allowed, wraps are counted.
  ///
  /// @param buffer  The packet at the front and `srtp_trailer_bytes` of room behind it.
  /// @param length  Of the packet, header included.
  /// @return length of the SRTP packet; 0 when `buffer` holds no RTP packet or is too short.
  [[nodiscard]] std::size_t protect(std::span<std::uint8_t> buffer, std::size_t length) noexcept;
  /// The same for a compound RTCP packet.
  [[nodiscard]] std::size_t protect_rtcp(std::span<std::uint8_t> buffer,
                                         std::size_t length) noexcept;

 private:
  SrtpSender(SrtpCipher rtp, SrtpCipher rtcp, std::size_t tag_bytes);
  SrtpCipher rtp_;
  SrtpCipher rtcp_;
  std::size_t tag_bytes_;
  std::optional<std::uint64_t> highest_index_{};  ///< 2^16 * roll-over counter + sequence number.
  std::uint32_t rtcp_index_ = 0;                  ///< 31 bits.
};

/// Why a packet was not accepted.
enum class SrtpVerdict : std::uint8_t {
  accepted,
  malformed,  ///< Too short or not RTP.
  forged,     ///< The tag does not fit: wrong key or tampered.
  replayed,   ///< Authentic, but seen before or too old to tell.
};

/// Checks and decrypts what one stream receives. Nothing that is not authentic changes its state:
/// neither the roll-over counter nor the SSRC that it follows. One thread at a time; does not
/// allocate per packet.
class SrtpReceiver {
 public:
  [[nodiscard]] static Result<SrtpReceiver> create(SrtpSuite suite, const SrtpMaster& master);

  struct Outcome {
    SrtpVerdict verdict = SrtpVerdict::malformed;
    std::size_t length = 0;  ///< Of the plain packet at the front of the buffer when accepted.
  };
  /// Decrypts in place. Uses `srtp_trailer_bytes` of room behind the packet as scratch.
  [[nodiscard]] Outcome unprotect(std::span<std::uint8_t> buffer, std::size_t length) noexcept;
  [[nodiscard]] Outcome unprotect_rtcp(std::span<std::uint8_t> buffer, std::size_t length) noexcept;

 private:
  /// Index and replay state of one synchronisation source.
  struct Source {
    std::uint32_t ssrc = 0;
    bool in_use = false;
    ReplayWindow rtp{};
    ReplayWindow rtcp{};
  };
  /// The sources last heard: a peer that changes its SSRC keeps the state of the former ones, so
  /// that their packets cannot be replayed at once. The oldest makes room.
  static constexpr std::size_t source_limit = 8;

  SrtpReceiver(SrtpCipher rtp, SrtpCipher rtcp, std::size_t tag_bytes);
  [[nodiscard]] Source* find(std::uint32_t ssrc) noexcept;
  Source& find_or_add(std::uint32_t ssrc) noexcept;
  SrtpCipher rtp_;
  SrtpCipher rtcp_;
  std::size_t tag_bytes_;
  std::array<Source, source_limit> sources_{};
  std::size_t next_source_ = 0;
};

}  // namespace offhook::media
