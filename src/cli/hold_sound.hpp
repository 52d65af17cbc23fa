#pragma once

#include <memory>
#include <string>

#include "agent/profile.hpp"
#include "base/error.hpp"

namespace offhook::cli {

/// A sound file as Live takes it: PCM16LE, mono, 24 kHz, 30 s at most (docs/openai-behaviour.md
/// 10).
/// @return an Error naming the file.
[[nodiscard]] Result<std::shared_ptr<const std::string>> read_hold_sound(const std::string& path);

/// That of an agent; null when it has none. @return an Error naming field and file.
[[nodiscard]] Result<std::shared_ptr<const std::string>> read_hold_sound(
    const agent::AgentProfile& profile);

}  // namespace offhook::cli
