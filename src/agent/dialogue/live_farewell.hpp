#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace offhook::agent {

/// Knows when a farewell has been heard in a Live call, which tells no playback: its transcript
/// comes with the sound, so it is over when words have come and then none for a while. No I/O.
class LiveFarewell {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void begin(std::string reason, Time now);
  void on_model_words(Time now);
  void on_time(Time now);
  [[nodiscard]] std::optional<Time> deadline() const;
  [[nodiscard]] bool begun() const noexcept { return begun_; }
  /// Set once: why the call ends.
  [[nodiscard]] std::optional<std::string> take_hang_up() {
    return std::exchange(hang_up_, std::nullopt);
  }

 private:
  bool begun_ = false;
  std::string reason_;
  std::optional<Time> quiet_at_;  ///< When it counts as heard, if no word comes.
  Time last_{};                   ///< When it counts as heard in any case.
  std::optional<std::string> hang_up_;
};

}  // namespace offhook::agent
