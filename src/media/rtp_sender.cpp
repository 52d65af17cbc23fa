#include "media/rtp_sender.hpp"

#include <utility>

#include "base/random.hpp"

namespace offhook::media {

RtpSender::RtpSender(EventSink& events)
    : events_{events},
      ssrc_{random_u32()},
      // In the lower half: a receiver that misses the first packets cannot miss a wrap with them,
      // which would put its SRTP roll-over counter off for good (RFC 3711 section 3.3.1).
      sequence_{static_cast<std::uint16_t>(random_u32() & 0x7fff)},
      timestamp_{random_u32()},
      event_clock_{random_u32()} {}

void RtpSender::apply(StreamSetup& setup) noexcept {
  const StreamConfig& config = setup.config;
  payload_type_ = config.payload_type;
  can_protect_ = config.codec == audio::CodecId::opus;
  event_type_ = config.telephone_event_type;
  ticks_per_frame_ = audio::codec_info(config.codec).ticks_per_frame();
  event_ticks_per_frame_ = static_cast<std::uint32_t>(config.telephone_event_clock_hz) / 50;
  dtmf_.set_clock(config.telephone_event_clock_hz);
  if (setup.local_key_changed) {
    srtp_ = std::move(setup.srtp_sender);
  }
  if (setup.codec_changed) {
    std::swap(encoder_, setup.encoder);  // the former one goes with `setup`
    encoder_->set_expected_loss(expected_loss_percent_);
    marker_ = true;
  }
}

RtpTimestamp RtpSender::event_timestamp() const noexcept {
  return event_ticks_per_frame_ == ticks_per_frame_ ? timestamp_ : event_clock_;
}

void RtpSender::advance() noexcept {
  timestamp_ = timestamp_ + ticks_per_frame_;
  event_clock_ = event_clock_ + event_ticks_per_frame_;
}

void RtpSender::skip() noexcept {
  marker_ = true;
  advance();
}

std::size_t RtpSender::write_digit(RtpHeader& header, std::span<std::uint8_t> out) noexcept {
  marker_ = true;  // audio after it begins a talk spurt
  const auto digit = dtmf_.tick(event_timestamp());
  if (!digit) {
    return 0;
  }
  finished_digit_ = digit->finished;
  header.marker = digit->marker;
  header.payload_type = static_cast<std::uint8_t>(event_type_);
  header.timestamp = digit->timestamp;
  write_telephone_event(digit->event, out.first<telephone_event_bytes>());
  return telephone_event_bytes;
}

std::span<const std::uint8_t> RtpSender::next_packet(const audio::Frame& frame) noexcept {
  RtpHeader header{.marker = marker_,
                   .payload_type = static_cast<std::uint8_t>(payload_type_),
                   .sequence = sequence_,
                   .timestamp = timestamp_,
                   .ssrc = ssrc_};
  finished_digit_.reset();
  const std::span<std::uint8_t> payload = std::span{packet_}.subspan(rtp_header_bytes);
  const bool digit = event_type_ >= 0 && dtmf_.active();
  payload_bytes_ = digit ? write_digit(header, payload)
                         : encoder_->encode(frame, payload.first(audio::max_payload_bytes));
  advance();
  if (payload_bytes_ == 0) {
    marker_ = true;
    return {};
  }
  if (!digit) {
    marker_ = false;
  }
  sequence_ = sequence_ + 1;
  write_rtp_header(header, std::span{packet_}.first<rtp_header_bytes>());
  std::size_t length = rtp_header_bytes + payload_bytes_;
  if (srtp_) {
    length = srtp_->protect(packet_, length);
  }
  return std::span{packet_}.first(length);
}

void RtpSender::on_sent(bool sent, Clock::time_point now) noexcept {
  if (sent) {
    if (packets_++ == 0) {
      events_.tell(StreamEvent::Kind::first_packet_sent, now);
    }
    octets_ += payload_bytes_;
  }
  if (finished_digit_) {
    events_.tell(StreamEvent::Kind::digit_sent, now, *finished_digit_);
  }
}

std::size_t RtpSender::seal_rtcp(std::span<std::uint8_t> buffer, std::size_t length) noexcept {
  return srtp_ ? srtp_->protect_rtcp(buffer, length) : length;
}

SenderInfo RtpSender::info(NtpTime ntp) const noexcept {
  return {.ntp = ntp,
          .rtp_timestamp = timestamp_.value(),
          .packets = static_cast<std::uint32_t>(packets_),
          .octets = static_cast<std::uint32_t>(octets_)};
}

}  // namespace offhook::media
