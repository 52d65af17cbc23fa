#include "media/rtp_receiver.hpp"

#include <algorithm>
#include <utility>

namespace offhook::media {
namespace {

constexpr std::chrono::seconds receive_timeout{5};
/// How long packets of the former SSRC may straggle in after a change.
constexpr std::chrono::seconds straggling{1};
constexpr int comfort_noise_type =
    13;  // RFC 3389; static, so it needs no negotiation for 8 kHz codecs

}  // namespace

void RtpReceiver::apply(StreamSetup& setup) noexcept {
  const StreamConfig& config = setup.config;
  payload_type_ = config.payload_type;
  event_type_ = config.telephone_event_type;
  clock_hz_ = audio::codec_info(config.codec).rtp_clock_hz;
  if (setup.address_changed) {
    policy_.negotiate(setup.remote, config.srtp.has_value());
  }
  if (setup.remote_key_changed) {
    srtp_ = std::move(setup.srtp_receiver);
  }
  if (setup.codec_changed) {
    if (jitter_buffer_) {
      const JitterBufferStats ended = jitter_buffer_->stats();
      former_.played += ended.played;
      former_.concealed += ended.concealed;
      former_.late += ended.late;
      former_.discarded += ended.discarded;
      former_.resets += ended.resets;
    }
    resets_told_ = 0;
    std::swap(jitter_buffer_, setup.jitter_buffer);  // the former one goes with `setup`
  }
}

bool RtpReceiver::wanted(int payload_type) const noexcept {
  return payload_type == payload_type_ || payload_type == event_type_;
}

std::optional<std::size_t> RtpReceiver::authenticate(std::span<std::uint8_t> buffer,
                                                     std::size_t length) noexcept {
  if (!srtp_) {
    return length;
  }
  const SrtpReceiver::Outcome outcome = srtp_->unprotect(buffer, length);
  if (outcome.verdict == SrtpVerdict::accepted) {
    return outcome.length;
  }
  if (outcome.verdict == SrtpVerdict::malformed) {
    discard(Trouble::malformed);
  } else {
    ++srtp_failures_;
    discard(Trouble::authentication);
  }
  return std::nullopt;
}

void RtpReceiver::discard(Trouble why) noexcept {
  ++discarded_;
  troubles_.note(why);
}

std::size_t RtpReceiver::open_rtcp(std::span<std::uint8_t> buffer, std::size_t length) noexcept {
  if (!srtp_) {
    return length;
  }
  const SrtpReceiver::Outcome outcome = srtp_->unprotect_rtcp(buffer, length);
  if (outcome.verdict == SrtpVerdict::accepted) {
    return outcome.length;
  }
  if (outcome.verdict == SrtpVerdict::malformed) {
    discard(Trouble::rtcp_malformed);
  } else {
    ++srtp_failures_;
    discard(Trouble::rtcp_authentication);
  }
  return 0;
}

bool RtpReceiver::follow_ssrc(std::uint32_t ssrc, Clock::time_point now) noexcept {
  if (ssrc_ == ssrc) {
    return true;
  }
  if (former_ssrc_ == ssrc && now - ssrc_changed_ < straggling) {
    return false;
  }
  if (ssrc_) {
    former_ssrc_ = ssrc_;
    ssrc_changed_ = now;
    reception_.restart();
    dtmf_ = {};
    bye_told_ = false;
    events_.tell(StreamEvent::Kind::source_changed, now);
  }
  ssrc_ = ssrc;
  return true;
}

void RtpReceiver::on_packet(std::span<std::uint8_t> buffer,
                            std::size_t length,
                            const SocketAddress& source,
                            Clock::time_point arrival) noexcept {
  if (policy_.check(source) == SourcePolicy::Trust::rejected) {
    discard(Trouble::source);
    return;
  }
  const auto plain_length = authenticate(buffer, length);
  if (!plain_length) {
    return;
  }
  if (const auto packet = parse_rtp(buffer.first(*plain_length))) {
    on_authentic(*packet, source, arrival);
  } else {
    discard(Trouble::malformed);
  }
}

void RtpReceiver::on_authentic(const RtpPacketView& packet,
                               const SocketAddress& source,
                               Clock::time_point arrival) noexcept {
  const bool is_wanted = wanted(packet.header.payload_type);
  const bool may_pass = is_wanted || packet.header.payload_type == comfort_noise_type;
  if (!may_pass) {
    discard(Trouble::payload_type);
    return;
  }
  if (!follow_ssrc(packet.header.ssrc, arrival)) {
    ++discarded_;
    return;
  }
  const bool is_audio = packet.header.payload_type == payload_type_;
  const auto kind = reception_.on_packet(packet.header, arrival, is_audio ? clock_hz_ : 0);
  if (kind == ReceiverStats::Arrival::duplicate || kind == ReceiverStats::Arrival::jumped) {
    ++discarded_;
    return;
  }
  if (kind == ReceiverStats::Arrival::restarted) {
    troubles_.note(Trouble::sequence_jump);
  }
  if (kind != ReceiverStats::Arrival::reordered && policy_.latch(source)) {
    events_.tell(StreamEvent::Kind::source_changed, arrival);
  }
  heard(arrival);
  if (!is_wanted) {
    jitter_buffer_->insert_comfort_noise(packet, arrival);
    return;
  }
  ++received_;
  if (!std::exchange(first_told_, true)) {
    events_.tell(StreamEvent::Kind::first_packet_received, arrival);
  }
  if (is_audio) {
    jitter_buffer_->insert(packet, arrival);
  } else {
    on_event_packet(packet, arrival);
  }
}

void RtpReceiver::on_event_packet(const RtpPacketView& packet, Clock::time_point now) noexcept {
  const auto event = parse_telephone_event(packet.payload);
  if (!event) {
    ++discarded_;
    return;
  }
  if (const auto digit = dtmf_.on_packet(packet.header.timestamp, *event, now)) {
    events_.tell(StreamEvent::Kind::digit_received, now, *digit);
  }
}

void RtpReceiver::heard(Clock::time_point now) noexcept {
  heard_ = std::max(heard_, now);
  silence_told_ = false;
}

void RtpReceiver::next_frame(audio::Frame& frame, Clock::time_point now) noexcept {
  jitter_buffer_->next_frame(frame, now);
  if (const auto digit = dtmf_.expire(now)) {
    events_.tell(StreamEvent::Kind::digit_received, now, *digit);
  }
  tell_news(now);
}

void RtpReceiver::on_bye(Clock::time_point now) noexcept {
  if (!std::exchange(bye_told_, true)) {
    events_.tell(StreamEvent::Kind::bye_received, now);
  }
}

void RtpReceiver::tell_news(Clock::time_point now) noexcept {
  const std::uint64_t resets = jitter_buffer_->stats().resets;
  troubles_.note(Trouble::buffer_reset, resets - resets_told_);
  resets_told_ = resets;
  troubles_.tell(events_, now);
  if (!silence_told_ && now - heard_ >= receive_timeout) {
    silence_told_ = true;
    events_.tell(StreamEvent::Kind::receive_timeout, now);
  }
}

void RtpReceiver::add_to(StreamStats& stats) const noexcept {
  const JitterBufferStats buffer = jitter_buffer_->stats();
  stats.packets_received = received_;
  stats.packets_lost = reception_.lost();
  stats.packets_late = former_.late + buffer.late;
  stats.packets_discarded = discarded_ + former_.discarded + buffer.discarded;
  stats.srtp_failures = srtp_failures_;
  stats.frames_concealed = former_.concealed + buffer.concealed;
  stats.frames_played = former_.played + buffer.played;
  stats.jitter_ms = reception_.jitter_ms();
  stats.buffer_ms = buffer.delay_ms;
  stats.buffer_target_ms = buffer.target_ms;
  stats.buffer_resets = former_.resets + buffer.resets;
}

}  // namespace offhook::media
