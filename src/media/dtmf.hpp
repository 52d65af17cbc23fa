#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "media/rtp_packet.hpp"

namespace offhook::media {

/// Event code of a digit (RFC 4733 section 3.2). @return nothing for another character.
[[nodiscard]] std::optional<std::uint8_t> dtmf_code(char digit) noexcept;
/// The digit of an event code, or 0 for events that are no digits.
[[nodiscard]] char dtmf_digit(std::uint8_t code) noexcept;

/// Body of a telephone-event packet (RFC 4733 section 2.3).
struct TelephoneEvent {
  std::uint8_t code = 0;
  bool end = false;
  std::uint8_t volume = 10;    ///< In -dBm0.
  std::uint16_t duration = 0;  ///< Ticks since the timestamp.
};
inline constexpr std::size_t telephone_event_bytes = 4;
[[nodiscard]] std::optional<TelephoneEvent> parse_telephone_event(
    std::span<const std::uint8_t> payload) noexcept;
void write_telephone_event(const TelephoneEvent& event,
                           std::span<std::uint8_t, telephone_event_bytes> out) noexcept;

/// Turns queued digits into telephone-event packets, one every 20 ms: the timestamp stays that of
/// the digit's beginning, the duration grows, the end is sent three times (RFC 4733 section 2.5).
/// No I/O, no clock: each call of `tick` is 20 ms.
class DtmfSender {
 public:
  static constexpr std::size_t queue_limit = 64;

  struct Tone {
    std::uint8_t code = 0;
    std::uint16_t tone_ms = 100;
    std::uint16_t gap_ms = 60;
  };
  struct Packet {
    TelephoneEvent event{};
    RtpTimestamp timestamp{};
    bool marker = false;             ///< First packet of a digit.
    std::optional<char> finished{};  ///< Set on the last packet of this digit.
  };

  void set_clock(int clock_hz) noexcept {
    ticks_per_frame_ = static_cast<std::uint32_t>(clock_hz) / 50;
  }
  /// @return false when the queue is full.
  bool push(const Tone& tone) noexcept;
  /// While true, audio is not sent: a digit or the gap behind it is in progress.
  [[nodiscard]] bool active() const noexcept { return phase_ != Phase::idle || count_ > 0; }
  /// One step of 20 ms. @param timestamp  Of this moment, in the event's clock.
  /// @return the packet to send now, if any.
  [[nodiscard]] std::optional<Packet> tick(RtpTimestamp timestamp) noexcept;

 private:
  enum class Phase : std::uint8_t { idle, tone, end, gap };
  [[nodiscard]] Packet make_packet(bool marker) const noexcept;

  std::array<Tone, queue_limit> queue_{};
  std::size_t head_ = 0;
  std::size_t count_ = 0;
  std::uint32_t ticks_per_frame_ = 160;
  Phase phase_ = Phase::idle;
  Tone current_{};
  RtpTimestamp began_{};
  int frames_ = 0;  ///< Of the current phase.
  std::uint32_t duration_ = 0;
};

/// Reports each received digit once: at its end, when another begins although its end was lost, or
/// when nothing more of it came for a while.
class DtmfReceiver {
 public:
  using Clock = std::chrono::steady_clock;
  /// @return a digit that is now complete. One packet may complete one digit and begin another;
  ///         ask `expire` for the rest.
  [[nodiscard]] std::optional<char> on_packet(RtpTimestamp timestamp,
                                              const TelephoneEvent& event,
                                              Clock::time_point now) noexcept;
  /// Call it every 20 ms or so. @return a digit whose end packets were all lost.
  [[nodiscard]] std::optional<char> expire(Clock::time_point now) noexcept;

 private:
  struct Event {
    RtpTimestamp timestamp{};
    char digit = 0;
    bool reported = false;
    Clock::time_point last_packet{};
  };
  std::optional<Event> current_{};
};

}  // namespace offhook::media
