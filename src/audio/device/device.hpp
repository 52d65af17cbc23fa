#pragma once

#include <memory>

#include "audio/port.hpp"
#include "base/error.hpp"

namespace offhook::audio {

/// The microphone and loudspeaker of this machine as one end of a call.
///
/// Has its own threads; `exchange` only moves frames through rings. Creation and destruction happen
/// on the control thread, `exchange` on the media thread.
class Device : public Port {
 public:
  /// True once the sound server or the device went away. The call goes on in silence.
  [[nodiscard]] virtual bool lost() const noexcept = 0;
};

/// Opens the default microphone and loudspeaker of the sound server.
///
/// @param rate_hz  8000, 16000, 24000 or 48000: the rate of the frames; the server resamples.
/// @return `Errc::not_found` when no server answers or it has no such device, `Errc::unsupported`
///         when this build has no sound devices.
[[nodiscard]] Result<std::unique_ptr<Device>> open_default_device(int rate_hz);

}  // namespace offhook::audio
