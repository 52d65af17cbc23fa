#include "media/receiver_stats.hpp"

#include <algorithm>
#include <cmath>

namespace offhook::media {
namespace {

constexpr int max_dropout = 3'000;  // 60 s of 20 ms packets (RFC 3550 A.1)
constexpr int max_misorder = 100;

}  // namespace

void ReceiverStats::begin(std::uint16_t sequence) noexcept {
  // One round up, so that packets before the first have numbers too.
  first_ = 65'536U + sequence;
  highest_ = first_;
  received_ = 1;
  window_ = {};
  window_.accept(first_);
  after_jump_.reset();
  expected_at_report_ = 0;
  received_at_report_ = 0;
}

ReceiverStats::Arrival ReceiverStats::on_packet(const RtpHeader& header,
                                                Clock::time_point arrival,
                                                int clock_hz) noexcept {
  if (!highest_) {
    begin(header.sequence.value());
    update_jitter(header, arrival, clock_hz);
    return Arrival::in_order;
  }
  const int step = header.sequence - SequenceNumber{static_cast<std::uint16_t>(*highest_)};
  if (step > max_dropout || step < -max_misorder) {
    if (after_jump_ != header.sequence) {
      after_jump_ = header.sequence + 1;
      return Arrival::jumped;
    }
    restart();
    begin(header.sequence.value());
    update_jitter(header, arrival, clock_hz);
    return Arrival::restarted;
  }
  const std::uint64_t index = *highest_ + static_cast<std::uint64_t>(std::int64_t{step});
  if (step == 0 || (step > -static_cast<int>(ReplayWindow::size) && window_.seen(index))) {
    return Arrival::duplicate;
  }
  window_.accept(index);
  ++received_;
  first_ = std::min(first_, index);
  highest_ = std::max(*highest_, index);
  update_jitter(header, arrival, clock_hz);
  return step > 0 ? Arrival::in_order : Arrival::reordered;
}

void ReceiverStats::update_jitter(const RtpHeader& header,
                                  Clock::time_point arrival,
                                  int clock_hz) noexcept {
  if (clock_hz == 0) {
    return;
  }
  if (last_arrival_ && last_clock_hz_ == clock_hz) {
    const double apart_ms =
        std::chrono::duration<double, std::milli>(arrival - *last_arrival_).count();
    const double stamped_ms = (header.timestamp - last_timestamp_) * 1'000.0 / clock_hz;
    const double deviation_ms = std::abs(apart_ms - stamped_ms);
    // A pause in which the timestamps stood still, or a jump of them, is no jitter.
    if (deviation_ms < 500) {
      jitter_ms_ += (deviation_ms - jitter_ms_) / 16;
    }
  }
  last_arrival_ = arrival;
  last_timestamp_ = header.timestamp;
  last_clock_hz_ = clock_hz;
}

void ReceiverStats::on_sender_report(NtpTime ntp, Clock::time_point arrival) noexcept {
  last_report_ = ntp.compact();
  last_report_arrival_ = arrival;
}

std::int64_t ReceiverStats::expected() const noexcept {
  return highest_ ? static_cast<std::int64_t>(*highest_ - first_ + 1) : 0;
}

std::uint64_t ReceiverStats::lost() const noexcept {
  return lost_before_ +
         static_cast<std::uint64_t>(std::max<std::int64_t>(expected() - received_, 0));
}

void ReceiverStats::restart() noexcept {
  lost_before_ = lost();
  highest_.reset();
  received_ = 0;
  last_arrival_.reset();
  last_report_ = 0;
  after_jump_.reset();
}

ReportBlock ReceiverStats::make_report(std::uint32_t ssrc,
                                       int clock_hz,
                                       Clock::time_point now) noexcept {
  const std::int64_t expected_since = expected() - expected_at_report_;
  const std::int64_t lost_since = expected_since - (received_ - received_at_report_);
  expected_at_report_ = expected();
  received_at_report_ = received_;
  ReportBlock block{.ssrc = ssrc,
                    .cumulative_lost = static_cast<std::int32_t>(
                        std::clamp<std::int64_t>(expected() - received_, -0x800000, 0x7fffff)),
                    .highest_sequence = static_cast<std::uint32_t>(highest_.value_or(0) - 65'536U),
                    .jitter = static_cast<std::uint32_t>(jitter_ms_ * clock_hz / 1'000.0),
                    .last_report = last_report_};
  if (expected_since > 0 && lost_since > 0) {
    block.fraction_lost =
        static_cast<std::uint8_t>(std::min<std::int64_t>(lost_since * 256 / expected_since, 255));
  }
  if (last_report_ != 0) {
    const double seconds = std::chrono::duration<double>(now - last_report_arrival_).count();
    block.delay_since_last_report = static_cast<std::uint32_t>(seconds * 65'536);
  }
  return block;
}

}  // namespace offhook::media
