#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace offhook::bench {

/// Sentences of one speaker with pauses of a quarter second, 16 kHz, full scale 1.
///
/// Recorded speech from the asterisk-core-sounds packages when they are installed; else the voice
/// "f..." or "m..." of flite.
/// @param speaker  Folder of /usr/share/asterisk/sounds, like "it_IT_m_Carlo".
[[nodiscard]] std::vector<float> read_voice(const std::string& speaker,
                                            std::size_t samples,
                                            std::uint64_t seed);

/// True when recorded speech is used for all of them.
[[nodiscard]] bool recorded_voices_available();

}  // namespace offhook::bench
