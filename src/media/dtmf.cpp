#include "media/dtmf.hpp"

#include <algorithm>

#include "media/byte_order.hpp"

namespace offhook::media {
namespace {

constexpr std::string_view digits = "0123456789*#ABCD";
constexpr int end_packets = 3;
constexpr int frame_ms = 20;
/// Longer than any spacing of packets, shorter than a person's pause between two digits.
constexpr std::chrono::milliseconds lost_end{200};

int frames_of(int ms) { return std::max((ms + frame_ms - 1) / frame_ms, 1); }

}  // namespace

std::optional<std::uint8_t> dtmf_code(char digit) noexcept {
  if (digit >= 'a' && digit <= 'd') {
    digit = static_cast<char>(digit - 'a' + 'A');
  }
  const std::size_t at = digits.find(digit);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  return static_cast<std::uint8_t>(at);
}

char dtmf_digit(std::uint8_t code) noexcept { return code < digits.size() ? digits[code] : '\0'; }

std::optional<TelephoneEvent> parse_telephone_event(
    std::span<const std::uint8_t> payload) noexcept {
  if (payload.size() < telephone_event_bytes) {
    return std::nullopt;
  }
  return TelephoneEvent{.code = payload[0],
                        .end = (payload[1] & 0x80) != 0,
                        .volume = static_cast<std::uint8_t>(payload[1] & 0x3f),
                        .duration = load_u16(payload.data() + 2)};
}

void write_telephone_event(const TelephoneEvent& event,
                           std::span<std::uint8_t, telephone_event_bytes> out) noexcept {
  out[0] = event.code;
  out[1] = static_cast<std::uint8_t>((event.end ? 0x80 : 0) | (event.volume & 0x3f));
  store_u16(out.data() + 2, event.duration);
}

bool DtmfSender::push(const Tone& tone) noexcept {
  if (count_ == queue_.size()) {
    return false;
  }
  queue_[(head_ + count_++) % queue_.size()] = tone;
  return true;
}

DtmfSender::Packet DtmfSender::make_packet(bool marker) const noexcept {
  return {.event = {.code = current_.code,
                    .end = phase_ == Phase::end,
                    .duration = static_cast<std::uint16_t>(std::min(duration_, 0xffffU))},
          .timestamp = began_,
          .marker = marker};
}

std::optional<DtmfSender::Packet> DtmfSender::tick(RtpTimestamp timestamp) noexcept {
  if (phase_ == Phase::gap && frames_-- <= 0) {
    phase_ = Phase::idle;
  }
  if (phase_ == Phase::idle && count_ > 0) {
    current_ = queue_[head_];
    head_ = (head_ + 1) % queue_.size();
    --count_;
    phase_ = Phase::tone;
    began_ = timestamp;
    duration_ = 0;
    frames_ = frames_of(current_.tone_ms);
  }
  switch (phase_) {
    case Phase::idle:
    case Phase::gap: return std::nullopt;
    case Phase::tone: {
      const bool first = duration_ == 0;
      duration_ += ticks_per_frame_;
      if (--frames_ > 0) {
        return make_packet(first);
      }
      phase_ = Phase::end;
      frames_ = end_packets - 1;
      return make_packet(first);
    }
    case Phase::end: {
      Packet packet = make_packet(false);
      if (--frames_ == 0) {
        packet.finished = dtmf_digit(current_.code);
        phase_ = Phase::gap;
        // The repeated ends were sent within the gap.
        frames_ = std::max(frames_of(current_.gap_ms) - (end_packets - 1), 0);
      }
      return packet;
    }
  }
  return std::nullopt;
}

std::optional<char> DtmfReceiver::on_packet(RtpTimestamp timestamp,
                                            const TelephoneEvent& event,
                                            Clock::time_point now) noexcept {
  std::optional<char> complete;
  const char digit = dtmf_digit(event.code);
  if (!current_ || timestamp != current_->timestamp) {
    if (current_ && !timestamp.newer_than(current_->timestamp)) {
      return std::nullopt;  // a late packet of an earlier digit
    }
    if (current_ && !current_->reported && current_->digit != 0) {
      complete = current_->digit;
    }
    current_ = Event{.timestamp = timestamp, .digit = digit};
  }
  current_->last_packet = now;
  if (event.end && !current_->reported && !complete) {
    current_->reported = true;
    if (digit != 0) {
      complete = digit;
    }
  }
  return complete;
}

std::optional<char> DtmfReceiver::expire(Clock::time_point now) noexcept {
  if (!current_ || current_->reported || now - current_->last_packet < lost_end) {
    return std::nullopt;
  }
  current_->reported = true;
  return current_->digit != 0 ? std::optional{current_->digit} : std::nullopt;
}

}  // namespace offhook::media
