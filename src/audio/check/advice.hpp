#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audio/check/check_figures.hpp"

namespace offhook::audio {

/// One thing to know or to change, for a person.
struct Advice {
  std::string_view key;  ///< For programs: "loudspeaker_clips", "no_sound", …
  std::string text;
  bool problem = true;
};

/// In the order of importance; never empty.
[[nodiscard]] std::vector<Advice> advise(const CheckFigures& figures);

}  // namespace offhook::audio
