#include "media/rtcp_session.hpp"

#include "base/random.hpp"

namespace offhook::media {
namespace {

constexpr std::chrono::milliseconds first_interval{1'000};
constexpr std::chrono::milliseconds interval{5'000};

}  // namespace

RtcpSession::RtcpSession(RtpSender& sender,
                         RtpReceiver& receiver,
                         EventSink& events,
                         Clock::time_point now)
    : sender_{sender},
      receiver_{receiver},
      events_{events},
      ntp_{now},
      random_{random_u32()},
      next_report_{now + first_interval} {}

std::span<const std::uint8_t> RtcpSession::make_report(Clock::time_point now, bool bye) noexcept {
  // The second soon after the first too: only then can it answer the peer's first for a round trip.
  const auto mean = ++reports_sent_ < 2 ? first_interval : interval;
  std::uniform_real_distribution<double> spread{0.5, 1.5};
  next_report_ = now + std::chrono::duration_cast<Clock::duration>(mean * spread(random_));

  RtcpCompound compound{.ssrc = sender_.ssrc(), .cname = cname_, .bye = bye};
  if (sender_.packets_sent() != packets_at_report_) {
    packets_at_report_ = sender_.packets_sent();
    compound.sender = sender_.info(ntp_.at(now));
  }
  if (receiver_.reception().any()) {
    compound.report =
        receiver_.reception().make_report(receiver_.ssrc(), receiver_.clock_hz(), now);
  }
  const std::size_t length = build_rtcp(compound, std::span{packet_}.first<max_rtcp_bytes>());
  return std::span{packet_}.first(sender_.seal_rtcp(packet_, length));
}

bool RtcpSession::on_packet(std::span<std::uint8_t> buffer,
                            std::size_t length,
                            Clock::time_point arrival) noexcept {
  const std::size_t plain_length = receiver_.open_rtcp(buffer, length);
  if (plain_length == 0) {
    return false;
  }
  const auto received = parse_rtcp(buffer.first(plain_length));
  if (!received) {
    receiver_.discard(Trouble::rtcp_malformed);
    return false;
  }
  if (received->sender && received->ssrc == receiver_.ssrc()) {
    receiver_.reception().on_sender_report(received->sender->ntp, arrival);
  }
  if (received->bye && received->ssrc == receiver_.ssrc()) {
    receiver_.on_bye(arrival);
  }
  for (std::size_t i = 0; i < received->report_count; ++i) {
    if (received->reports[i].ssrc == sender_.ssrc()) {
      on_report_block(received->reports[i], arrival);
    }
  }
  return true;
}

void RtcpSession::on_report_block(const ReportBlock& block, Clock::time_point arrival) noexcept {
  remote_loss_percent_ = block.fraction_lost * 100.0 / 256.0;
  remote_jitter_ms_ = block.jitter * 1'000.0 / receiver_.clock_hz();
  if (const auto ms = round_trip_ms(block, ntp_.at(arrival))) {
    round_trip_ms_ = *ms;
  }
  adapt(block, arrival);
}

void RtcpSession::adapt(const ReportBlock& block, Clock::time_point arrival) noexcept {
  const std::uint32_t before = highest_reported_.value_or(block.highest_sequence);
  constexpr std::uint32_t plausible = 10'000;
  const std::uint32_t packets = block.highest_sequence - before;
  highest_reported_ = block.highest_sequence;
  const bool protecting = adaptation_.protecting();
  adaptation_.on_report(remote_loss_percent_, packets < plausible ? packets : 0);
  sender_.set_expected_loss(adaptation_.expected_loss_percent());
  if (adaptation_.protecting() != protecting && sender_.can_protect()) {
    events_.tell(adaptation_.protecting() ? StreamEvent::Kind::fec_on : StreamEvent::Kind::fec_off,
                 arrival);
  }
}

void RtcpSession::add_to(StreamStats& stats) const noexcept {
  stats.round_trip_ms = round_trip_ms_;
  stats.remote_loss_percent = remote_loss_percent_;
  stats.remote_jitter_ms = remote_jitter_ms_;
  stats.fec = adaptation_.protecting() && sender_.can_protect();
}

}  // namespace offhook::media
