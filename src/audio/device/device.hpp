#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "audio/device/audio_device.hpp"
#include "audio/device/clock_bridge.hpp"
#include "audio/port.hpp"
#include "audio/voice/voice_processor.hpp"
#include "base/error.hpp"

namespace offhook::audio {

/// What a device in a call has seen so far.
struct DeviceStats {
  std::string backend;
  BridgeStats capture;   ///< From the microphone's clock to the call's.
  BridgeStats playback;  ///< From the call's clock to the loudspeaker's.
  DeviceCounters device;
  std::string_view echo_canceller =
      "off";                    ///< "dual", "aec3", "speex", "off", or "server": not ours.
  double erle_db = 0;           ///< Of our echo canceller.
  int echo_delay_ms = -1;       ///< -1: none, or not known yet.
  std::uint64_t far_skips = 0;  ///< Jumps in what the canceller is told of the loudspeaker.
};

/// The microphone and loudspeaker of this machine as one end of a call.
///
/// Has its own threads; `exchange` only moves samples through rings. `exchange` belongs to the
/// media thread, all else to the control thread.
class Device : public Port {
 public:
  /// True while the microphone or the loudspeaker is away. The call goes on in silence.
  [[nodiscard]] virtual bool lost() const noexcept = 0;
  [[nodiscard]] virtual DeviceStats stats() const = 0;
  /// What happened to the device since the last question, one at a time. To be asked regularly: an
  /// echo canceller steps aside when a notice says that the sound server has its own.
  [[nodiscard]] virtual std::optional<DeviceNotice> next_notice() = 0;
};

struct DeviceOptions {
  int rate_hz = 24'000;  ///< Of the frames: 8000, 16000, 24000 or 48000.
  DeviceRequest request{};
  /// Of the microphone's sound. Echo cancellation steps aside where the sound server has its own.
  VoiceProcessorConfig voice{.engine = VoiceEngine::off};
};

/// Opens a microphone and a loudspeaker and starts them. @return errors as `open_audio_device`
/// and `make_voice_processor`.
[[nodiscard]] Result<std::unique_ptr<Device>> open_device(const DeviceOptions& options);

/// The default ones, as they are.
[[nodiscard]] inline Result<std::unique_ptr<Device>> open_default_device(int rate_hz) {
  return open_device({.rate_hz = rate_hz});
}

}  // namespace offhook::audio
