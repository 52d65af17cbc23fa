#include "sim/stand_in_voice.hpp"

#include <algorithm>
#include <array>

namespace offhook::sim {

std::string_view stand_in_voice(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 5> low{"ash", "ballad", "cedar", "echo", "verse"};
  constexpr std::array<std::string_view, 4> high{"alloy", "coral", "sage", "shimmer"};
  if (std::ranges::find(low, name) != low.end()) {
    return "rms";
  }
  return std::ranges::find(high, name) != high.end() ? "slt" : "";
}

}  // namespace offhook::sim
