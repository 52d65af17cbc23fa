#pragma once

namespace offhook::cli {

// Beside those of call::CallResult; the whole table is in docs/exit-codes.md.
inline constexpr int exit_ok = 0;
inline constexpr int exit_internal_error = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_audio = 18;  // as call::CallResult::audio_failed

}  // namespace offhook::cli
