#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "audio/frame.hpp"
#include "media/dtmf.hpp"
#include "media/event_sink.hpp"
#include "media/receiver_stats.hpp"
#include "media/source_policy.hpp"
#include "media/stream_setup.hpp"
#include "media/trouble_log.hpp"

namespace offhook::media {

/// The receiving half of a stream: source, SRTP, payload type, statistics, jitter buffer. No I/O:
/// packets are handed in. Media thread only.
class RtpReceiver {
 public:
  using Clock = std::chrono::steady_clock;

  explicit RtpReceiver(EventSink& events, Clock::time_point now) : events_{events}, heard_{now} {}

  /// Takes its parts out of `setup`.
  void apply(StreamSetup& setup) noexcept;
  /// @param buffer  The packet at the front and room for an SRTP trailer behind it; overwritten.
  void on_packet(std::span<std::uint8_t> buffer,
                 std::size_t length,
                 const SocketAddress& source,
                 Clock::time_point arrival) noexcept;
  /// Decrypts a compound RTCP packet in place when the stream has keys.
  /// @return its length, or 0 when it is to be dropped.
  [[nodiscard]] std::size_t open_rtcp(std::span<std::uint8_t> buffer, std::size_t length) noexcept;
  /// What is to be played in the 20 ms that begin at `now`.
  void next_frame(audio::Frame& frame, Clock::time_point now) noexcept;
  /// An authentic report came: the peer lives.
  void heard(Clock::time_point now) noexcept;

  /// An authentic BYE of the source that we hear.
  void on_bye(Clock::time_point now) noexcept;

  [[nodiscard]] const SourcePolicy& peer() const noexcept { return policy_; }
  [[nodiscard]] std::uint32_t ssrc() const noexcept { return ssrc_.value_or(0); }
  [[nodiscard]] ReceiverStats& reception() noexcept { return reception_; }
  [[nodiscard]] int clock_hz() const noexcept { return clock_hz_; }
  /// Fills in what the receiving half knows.
  void add_to(StreamStats& stats) const noexcept;
  /// Counts a packet that was dropped, and tells of it in time.
  void discard(Trouble why) noexcept;

 private:
  void on_authentic(const RtpPacketView& packet,
                    const SocketAddress& source,
                    Clock::time_point arrival) noexcept;
  /// Counts and drops what fails.
  [[nodiscard]] std::optional<std::size_t> authenticate(std::span<std::uint8_t> buffer,
                                                        std::size_t length) noexcept;
  [[nodiscard]] bool wanted(int payload_type) const noexcept;
  /// @return false for a straggler of the source before.
  [[nodiscard]] bool follow_ssrc(std::uint32_t ssrc, Clock::time_point now) noexcept;
  void tell_news(Clock::time_point now) noexcept;
  void on_event_packet(const RtpPacketView& packet, Clock::time_point now) noexcept;

  EventSink& events_;
  SourcePolicy policy_{};
  std::optional<SrtpReceiver> srtp_{};
  std::unique_ptr<JitterBuffer> jitter_buffer_{};
  JitterBufferStats former_{};  ///< Of the jitter buffers of former codecs, added up.
  ReceiverStats reception_{};
  DtmfReceiver dtmf_{};
  int payload_type_ = 0;
  int event_type_ = -1;
  int clock_hz_ = 8'000;

  std::optional<std::uint32_t> ssrc_{};
  std::optional<std::uint32_t> former_ssrc_{};
  Clock::time_point ssrc_changed_{};
  Clock::time_point heard_;
  bool silence_told_ = false;
  bool first_told_ = false;
  bool bye_told_ = false;
  TroubleLog troubles_{};
  std::uint64_t resets_told_ = 0;  ///< Of the current jitter buffer.

  std::uint64_t received_ = 0;
  std::uint64_t discarded_ = 0;
  std::uint64_t srtp_failures_ = 0;
};

}  // namespace offhook::media
