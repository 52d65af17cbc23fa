#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "sim/replay/fixture.hpp"

namespace offhook::sim {

/// When a sound began on the clock of a recording's events, as far as the sound itself tells: where
/// most of what is audible lies between the `output_audio_buffer.started` of a response and its
/// end. Nothing when no response was heard.
/// @param samples  The model's side, 16 kHz.
[[nodiscard]] std::optional<double> find_sound_ms(const Fixture& fixture,
                                                  std::span<const std::int16_t> samples);

/// Gives every `output_audio_buffer.started` of a recording the part of the sound that belongs to
/// it, from `Fixture::sound_ms` where that is known.
void cut_sound(Fixture& fixture, std::span<const std::int16_t> samples);

}  // namespace offhook::sim
