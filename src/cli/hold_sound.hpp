#pragma once

#include <memory>
#include <string>

#include "base/error.hpp"

namespace offhook::cli {

/// A sound file as Live takes it: PCM16LE, mono, 24 kHz, 30 s at most (docs/openai-behaviour.md
/// 10).
/// @return an Error naming the file.
[[nodiscard]] Result<std::shared_ptr<const std::string>> read_hold_sound(const std::string& path);

}  // namespace offhook::cli
