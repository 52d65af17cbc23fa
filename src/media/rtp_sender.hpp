#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "audio/frame.hpp"
#include "media/dtmf.hpp"
#include "media/event_sink.hpp"
#include "media/rtcp.hpp"
#include "media/stream_setup.hpp"

namespace offhook::media {

/// The sending half of a stream: encoder, telephone events, RTP header, SRTP. No I/O: it makes the
/// packets. SSRC and sequence numbers go on through holds and new codecs, timestamps with the time.
/// Media thread only.
class RtpSender {
 public:
  using Clock = std::chrono::steady_clock;

  explicit RtpSender(EventSink& events);

  /// Takes its parts out of `setup`.
  void apply(StreamSetup& setup) noexcept;
  [[nodiscard]] bool push_digit(const DtmfSender::Tone& tone) noexcept { return dtmf_.push(tone); }

  /// Makes the packet of the next 20 ms: a telephone event while one is in progress, else `frame`.
  /// @return the packet, valid until the next call; empty when nothing is to be sent.
  [[nodiscard]] std::span<const std::uint8_t> next_packet(const audio::Frame& frame) noexcept;
  /// 20 ms pass without a packet: on hold, without an address, or when we were too late.
  void skip() noexcept;
  /// The packet that `next_packet` made was sent, or not.
  void on_sent(bool sent, Clock::time_point now) noexcept;
  /// Protects a compound RTCP packet in place when the stream has keys. @return the new length.
  [[nodiscard]] std::size_t seal_rtcp(std::span<std::uint8_t> buffer, std::size_t length) noexcept;

  [[nodiscard]] std::uint32_t ssrc() const noexcept { return ssrc_; }
  [[nodiscard]] std::uint64_t packets_sent() const noexcept { return packets_; }
  [[nodiscard]] SenderInfo info(NtpTime ntp) const noexcept;
  /// Whether the codec has in-band FEC.
  [[nodiscard]] bool can_protect() const noexcept { return can_protect_; }
  void set_expected_loss(int percent) noexcept {
    expected_loss_percent_ = percent;
    encoder_->set_expected_loss(percent);
  }

 private:
  /// @return payload bytes written; sets marker, type and timestamp in `header`.
  [[nodiscard]] std::size_t write_digit(RtpHeader& header, std::span<std::uint8_t> out) noexcept;
  [[nodiscard]] RtpTimestamp event_timestamp() const noexcept;
  void advance() noexcept;

  EventSink& events_;
  std::unique_ptr<audio::Encoder> encoder_{};
  std::optional<SrtpSender> srtp_{};
  DtmfSender dtmf_{};
  bool can_protect_ = false;
  int expected_loss_percent_ = 0;  ///< Goes on with the next encoder.
  int payload_type_ = 0;
  int event_type_ = -1;
  std::uint32_t ticks_per_frame_ = 160;
  std::uint32_t event_ticks_per_frame_ = 160;

  std::uint32_t ssrc_;
  SequenceNumber sequence_;
  RtpTimestamp timestamp_;
  RtpTimestamp event_clock_;  ///< Runs with the clock rate of telephone events where that differs.
  bool marker_ = true;        ///< The next audio packet begins a talk spurt.
  std::optional<char> finished_digit_{};
  std::array<std::uint8_t, rtp_header_bytes + audio::max_payload_bytes + srtp_trailer_bytes>
      packet_{};
  std::size_t payload_bytes_ = 0;
  std::uint64_t packets_ = 0;
  std::uint64_t octets_ = 0;
};

}  // namespace offhook::media
