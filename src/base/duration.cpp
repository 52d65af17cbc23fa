#include "base/duration.hpp"

#include <array>
#include <charconv>
#include <cstdint>

namespace offhook {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) {
    return std::nullopt;
  }
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
  };
  constexpr std::array<Unit, 5> units{
      {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  constexpr std::int64_t longest = 36'525 * std::int64_t{86'400'000};
  for (const Unit& known : units) {
    if (unit == known.name && number <= longest / known.milliseconds) {
      return std::chrono::milliseconds{number * known.milliseconds};
    }
  }
  return number == 0 && unit.empty() ? std::optional{std::chrono::milliseconds{0}} : std::nullopt;
}

}  // namespace offhook
