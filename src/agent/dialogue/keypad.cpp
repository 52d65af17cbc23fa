#include "agent/dialogue/keypad.hpp"

namespace offhook::agent {

void Keypad::on_digit(char digit, Time now) {
  if (!config_.enabled) {
    return;
  }
  on_time(now);
  last_ = now;
  if (digit == config_.terminator && config_.terminator != '\0') {
    if (digits_.empty()) {
      digits_ = digit;
    }
    finish();
    return;
  }
  digits_ += digit;
  if (digits_.size() >= config_.max_digits) {
    finish();
  }
}

void Keypad::on_time(Time now) {
  if (!digits_.empty() && now >= last_ + config_.pause) {
    finish();
  }
}

std::optional<Keypad::Time> Keypad::deadline() const {
  return digits_.empty() ? std::nullopt : std::optional{last_ + config_.pause};
}

void Keypad::finish() {
  // An entry that nobody has taken yet goes on: order matters more than where it was cut.
  entry_ = entry_.value_or(std::string{}) + std::exchange(digits_, {});
}

std::string keypad_message(const std::string& entry) {
  return "The caller pressed on the telephone's keypad: " + entry;
}

}  // namespace offhook::agent
