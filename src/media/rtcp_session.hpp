#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <span>
#include <string>

#include "media/event_sink.hpp"
#include "media/loss_adaptation.hpp"
#include "media/ntp_time.hpp"
#include "media/rtp_receiver.hpp"
#include "media/rtp_sender.hpp"

namespace offhook::media {

/// RTCP of one stream: when a report is due, what it says, and what the peer's reports tell. No
/// I/O. Media thread only.
class RtcpSession {
 public:
  using Clock = std::chrono::steady_clock;

  /// The first report is due after 1 s, so that short calls have figures too; later ones every 5 s,
  /// give or take half, so that the ends of many calls do not fall in step (RFC 3550 section 6.2).
  RtcpSession(RtpSender& sender, RtpReceiver& receiver, EventSink& events, Clock::time_point now);

  void set_cname(const std::string& cname) { cname_ = cname; }
  [[nodiscard]] bool due(Clock::time_point now) const noexcept { return now >= next_report_; }
  /// @return the compound packet to send now, protected if the stream is; valid until the next
  /// call.
  [[nodiscard]] std::span<const std::uint8_t> make_report(Clock::time_point now, bool bye) noexcept;
  /// @param buffer  The packet at the front; overwritten.
  /// @return true when it was an authentic report.
  bool on_packet(std::span<std::uint8_t> buffer,
                 std::size_t length,
                 Clock::time_point arrival) noexcept;
  void add_to(StreamStats& stats) const noexcept;

 private:
  void adapt(const ReportBlock& block, Clock::time_point arrival) noexcept;
  void on_report_block(const ReportBlock& block, Clock::time_point arrival) noexcept;

  RtpSender& sender_;
  RtpReceiver& receiver_;
  EventSink& events_;
  LossAdaptation adaptation_{};
  std::optional<std::uint32_t> highest_reported_{};
  NtpClock ntp_;
  std::string cname_;
  std::minstd_rand random_;
  Clock::time_point next_report_;
  int reports_sent_ = 0;
  std::uint64_t packets_at_report_ = 0;
  std::array<std::uint8_t, max_rtcp_bytes + srtp_trailer_bytes> packet_{};
  double round_trip_ms_ = -1;
  double remote_loss_percent_ = -1;
  double remote_jitter_ms_ = -1;
};

}  // namespace offhook::media
