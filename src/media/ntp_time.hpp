#pragma once

#include <chrono>
#include <cstdint>

namespace offhook::media {

/// Wall-clock time as RTCP carries it: 32.32 fixed-point seconds since 1900 (RFC 3550 section 4).
class NtpTime {
 public:
  constexpr NtpTime() = default;
  constexpr explicit NtpTime(std::uint64_t value) noexcept : value_{value} {}
  [[nodiscard]] static constexpr NtpTime from(std::chrono::system_clock::time_point at) noexcept {
    constexpr std::uint64_t seconds_1900_to_1970 = 2'208'988'800;
    const auto ns = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
    const std::uint64_t seconds = ns / 1'000'000'000 + seconds_1900_to_1970;
    const std::uint64_t fraction = ((ns % 1'000'000'000) << 32) / 1'000'000'000;
    return NtpTime{seconds << 32 | fraction};
  }

  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }
  [[nodiscard]] constexpr std::uint32_t seconds() const noexcept {
    return static_cast<std::uint32_t>(value_ >> 32);
  }
  [[nodiscard]] constexpr std::uint32_t fraction() const noexcept {
    return static_cast<std::uint32_t>(value_);
  }
  /// The middle 32 bits, in 1/65536 s: what LSR and DLSR are counted in.
  [[nodiscard]] constexpr std::uint32_t compact() const noexcept {
    return static_cast<std::uint32_t>(value_ >> 16);
  }

 private:
  std::uint64_t value_ = 0;
};

/// NTP times that run with the monotonic clock, so that a step of the wall clock in the middle of
/// a call disturbs neither reports nor the round trip.
class NtpClock {
 public:
  using Steady = std::chrono::steady_clock;

  explicit NtpClock(Steady::time_point began = Steady::now(),
                    std::chrono::system_clock::time_point wall = std::chrono::system_clock::now())
      : began_{began}, wall_{wall} {}
  [[nodiscard]] NtpTime at(Steady::time_point now) const noexcept {
    return NtpTime::from(
        wall_ + std::chrono::duration_cast<std::chrono::system_clock::duration>(now - began_));
  }

 private:
  Steady::time_point began_;
  std::chrono::system_clock::time_point wall_;
};

}  // namespace offhook::media
