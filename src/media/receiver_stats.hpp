#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "media/ntp_time.hpp"
#include "media/replay_window.hpp"
#include "media/rtcp.hpp"
#include "media/rtp_packet.hpp"

namespace offhook::media {

/// Counts one received source for RTCP: sequence tracking (RFC 3550 A.1, without probation: the
/// peer is known from SDP), loss (A.3) and interarrival jitter (A.8). Feed it only packets that
/// passed the checks of source and authentication.
class ReceiverStats {
 public:
  using Clock = std::chrono::steady_clock;

  enum class Arrival : std::uint8_t {
    in_order,
    reordered,
    duplicate,  ///< Its sequence number was here already: do not play it.
    restarted,  ///< The source jumped (A.1, bad_seq): counting began anew.
    jumped,     ///< Perhaps the first packet after a jump; counted when the next one confirms it.
  };

  /// @param clock_hz  Of the timestamp; 0 when this packet shall not count for jitter.
  Arrival on_packet(const RtpHeader& header, Clock::time_point arrival, int clock_hz) noexcept;
  /// Remembers the time of a sender report, for LSR and DLSR.
  void on_sender_report(NtpTime ntp, Clock::time_point arrival) noexcept;
  /// Begins a new source: another SSRC. Totals of the former ones are kept.
  void restart() noexcept;

  [[nodiscard]] bool any() const noexcept { return highest_.has_value(); }
  /// Expected minus received over all sources, at least 0.
  [[nodiscard]] std::uint64_t lost() const noexcept;
  [[nodiscard]] double jitter_ms() const noexcept { return jitter_ms_; }
  /// The block for the next report; loss fractions count from the last call on.
  [[nodiscard]] ReportBlock make_report(std::uint32_t ssrc,
                                        int clock_hz,
                                        Clock::time_point now) noexcept;

 private:
  void begin(std::uint16_t sequence) noexcept;
  void update_jitter(const RtpHeader& header, Clock::time_point arrival, int clock_hz) noexcept;
  [[nodiscard]] std::int64_t expected() const noexcept;

  std::optional<std::uint64_t> highest_{};  ///< Extended sequence number.
  std::uint64_t first_ = 0;
  std::int64_t received_ = 0;
  ReplayWindow window_{};
  std::optional<SequenceNumber> after_jump_{};
  std::uint64_t lost_before_ = 0;  ///< By sources that ended.
  std::int64_t expected_at_report_ = 0;
  std::int64_t received_at_report_ = 0;

  std::optional<Clock::time_point> last_arrival_{};
  RtpTimestamp last_timestamp_{};
  int last_clock_hz_ = 0;
  double jitter_ms_ = 0;

  std::uint32_t last_report_ = 0;
  Clock::time_point last_report_arrival_{};
};

}  // namespace offhook::media
