#pragma once

#include "audio/check/check_figures.hpp"

namespace offhook::audio {

/// Plays `signal` on a device and records meanwhile; takes as long as the signal and a second.
/// @return errors as `open_audio_device`, and `Errc::timed_out` when no sound flows.
[[nodiscard]] Result<CheckRecording> record_check(const DeviceRequest& request,
                                                  const CheckSignal& signal);

}  // namespace offhook::audio
