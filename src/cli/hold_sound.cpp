#include "cli/hold_sound.hpp"

#include <cstdint>
#include <utility>

#include "audio/sound_file.hpp"

namespace offhook::cli {

Result<std::shared_ptr<const std::string>> read_hold_sound(const std::string& path) {
  constexpr int rate_hz = 24'000;
  constexpr std::size_t most_samples = std::size_t{30} * rate_hz;
  auto sound = audio::read_sound(path, rate_hz);
  if (!sound) {
    return fail(std::move(sound).error());
  }
  if (sound->samples.size() > most_samples) {
    return fail(Errc::invalid_argument, path + ": 30 s are the most that can be played");
  }
  auto bytes = std::make_shared<std::string>();
  for (const std::int16_t sample : sound->samples) {
    const auto bits = static_cast<std::uint16_t>(sample);
    bytes->push_back(static_cast<char>(bits & 0xFFU));
    bytes->push_back(static_cast<char>(bits >> 8U));
  }
  return std::shared_ptr<const std::string>{std::move(bytes)};
}

Result<std::shared_ptr<const std::string>> read_hold_sound(const agent::AgentProfile& profile) {
  if (profile.hold_sound.empty()) {
    return std::shared_ptr<const std::string>{};
  }
  auto sound = read_hold_sound(profile.hold_sound);
  if (!sound) {
    return fail(std::move(sound).error().with("agents." + profile.name + ".hold_sound"));
  }
  return sound;
}

}  // namespace offhook::cli
