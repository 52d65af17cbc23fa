#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "agent/profile.hpp"

namespace offhook::agent {

/// Gathers the keys that a caller presses into entries for the model. No I/O.
class Keypad {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Keypad(KeypadConfig config) : config_{config} {}

  void on_digit(char digit, Time now);
  void on_time(Time now);
  [[nodiscard]] std::optional<Time> deadline() const;

  /// A whole entry, without its terminator; the terminator alone stands for itself.
  [[nodiscard]] std::optional<std::string> take_entry() {
    return std::exchange(entry_, std::nullopt);
  }

 private:
  void finish();

  KeypadConfig config_;
  std::string digits_;
  Time last_{};
  std::optional<std::string> entry_;
};

/// How an entry is told to the model.
[[nodiscard]] std::string keypad_message(const std::string& entry);

}  // namespace offhook::agent
