#pragma once

#include <cstdint>
#include <optional>

#include "media/udp.hpp"

namespace offhook::media {

/// Decides whose RTP is taken and where ours goes (symmetric RTP, RFC 4961).
///
/// Packets come from the address of the SDP, or, behind NAT, from another that is latched to once:
/// the first that sends an authentic packet. Later changes are followed only when SRTP proves them;
/// with plain RTP anybody could send such a packet.
class SourcePolicy {
 public:
  enum class Trust : std::uint8_t {
    known,        ///< From the peer's address.
    needs_proof,  ///< Take it when it is authentic (SRTP) or plausible (plain RTP).
    rejected,
  };

  /// A new offer or answer: begins anew. @param negotiated  Empty while the peer has no address.
  void negotiate(std::optional<SocketAddress> negotiated, bool secured) noexcept {
    negotiated_ = negotiated;
    secured_ = secured;
    latched_.reset();
  }

  [[nodiscard]] Trust check(const SocketAddress& source) const noexcept {
    if (latched_ == source || negotiated_ == source) {
      return Trust::known;
    }
    return secured_ || !latched_ ? Trust::needs_proof : Trust::rejected;
  }

  /// Tells of an authentic packet, not older than those before.
  /// @return true when the peer turned out to be elsewhere than we thought.
  bool latch(const SocketAddress& source) noexcept {
    if (latched_ == source) {
      return false;
    }
    const bool moved = latched_ || negotiated_ != source;
    latched_ = source;
    return moved;
  }

  /// Where to send RTP; nothing while the peer has no address.
  [[nodiscard]] const std::optional<SocketAddress>& destination() const noexcept {
    return latched_ ? latched_ : negotiated_;
  }

 private:
  std::optional<SocketAddress> negotiated_{};
  std::optional<SocketAddress> latched_{};
  bool secured_ = false;
};

}  // namespace offhook::media
