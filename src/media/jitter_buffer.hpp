#pragma once

#include <chrono>
#include <cstdint>

#include "audio/frame.hpp"
#include "media/rtp_packet.hpp"

namespace offhook::media {

/// Counters and delays of one jitter buffer since it was made.
struct JitterBufferStats {
  std::uint64_t played = 0;     ///< Frames given out as sound: decoded or concealed.
  std::uint64_t concealed = 0;  ///< Of those: made up.
  std::uint64_t late = 0;       ///< Packets whose place had been played.
  std::uint64_t discarded =
      0;                     ///< Malformed, duplicate, or thrown out because the buffer was full.
  std::uint64_t resets = 0;  ///< Began anew: timestamps jumped, or the buffer was full.
  double delay_ms = 0;       ///< From the arrival of an undelayed packet to its playing.
  double target_ms = 0;      ///< What `delay_ms` should be for the network as it is.
};

/// Puts received packets back in order and in time, decodes them, and makes up what is missing.
/// No I/O and no clock of its own: packets go in with their arrival time, every 20 ms one frame
/// comes out. One thread at a time. Whether it allocates is up to the implementation.
class JitterBuffer {
 public:
  using Clock = std::chrono::steady_clock;
  virtual ~JitterBuffer() = default;

  /// Takes a packet of the negotiated codec. Another SSRC begins a new stream.
  virtual void insert(const RtpPacketView& packet, Clock::time_point arrival) noexcept = 0;
  /// Takes an RFC 3389 packet: the peer pauses, and the line shall not sound dead meanwhile.
  virtual void insert_comfort_noise(const RtpPacketView& packet,
                                    Clock::time_point arrival) noexcept = 0;
  /// The next 20 ms: sound, concealment, or silence while there is nothing to play.
  /// @param now  Advances by 20 ms from call to call.
  virtual void next_frame(audio::Frame& frame, Clock::time_point now) noexcept = 0;
  [[nodiscard]] virtual JitterBufferStats stats() const noexcept = 0;
};

}  // namespace offhook::media
