#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace offhook::sim {

/// Makes the ids of one sim or of one call, in the shapes that OpenAI's have.
///
/// With a seed the same sequence comes every time, so that two runs can be compared; without one
/// they are random. One thread at a time.
class Ids {
 public:
  /// @param seed  0: random.
  explicit Ids(std::uint64_t seed) : seed_{seed}, engine_{seed} {}

  /// For one more call, so that concurrent calls do not disturb each other's sequence.
  [[nodiscard]] Ids for_call();
  /// For the `number`th call of a name, whatever other calls there are.
  [[nodiscard]] Ids for_call(std::string_view name, std::uint32_t number) const;
  /// A number from the sequence, for what else is drawn. Never 0.
  [[nodiscard]] std::uint32_t number();
  [[nodiscard]] bool seeded() const noexcept { return seed_ != 0; }

  /// `prefix` and 21 characters of base62: "event_", "item_", "resp_", "sess_", "conv_", "call_".
  [[nodiscard]] std::string realtime(std::string_view prefix);
  /// "rtc_u1_" and 32 hexadecimal digits.
  [[nodiscard]] std::string call();
  /// "live_u1_" and 32 hexadecimal digits.
  [[nodiscard]] std::string live_session();
  /// "evt_" and 32 hexadecimal digits, of which the first eight are the second.
  [[nodiscard]] std::string webhook_event(std::int64_t unix_seconds);
  /// "wh_" and 32 hexadecimal digits.
  [[nodiscard]] std::string delivery();
  /// "whe_" and 32 hexadecimal digits.
  [[nodiscard]] std::string webhook_endpoint();
  /// "ek_" and 32 hexadecimal digits.
  [[nodiscard]] std::string client_secret();
  /// "req_" and 32 hexadecimal digits.
  [[nodiscard]] std::string request();

 private:
  [[nodiscard]] std::string characters(std::size_t length, std::string_view alphabet);

  std::uint64_t seed_;
  std::uint32_t calls_ = 0;
  std::mt19937_64 engine_;
};

}  // namespace offhook::sim
