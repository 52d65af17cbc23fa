#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace offhook::audio {

/// Every device runs at this rate, mono; the sound server converts.
inline constexpr int device_rate_hz = 48'000;
/// 10 ms: what is asked of the sound server, which may give other sizes.
inline constexpr std::size_t device_block_samples = 480;

/// Where the sound of a device goes to and comes from. Both functions run on threads of the sound
/// system with hard deadlines: no lock, no allocation, no logging.
class DeviceCallback {
 public:
  virtual ~DeviceCallback() = default;

  /// The microphone heard this, mostly 10 ms of it.
  virtual void captured(std::span<const std::int16_t> samples) noexcept = 0;

  /// Fill `samples`, mostly 10 ms: they are written to the loudspeaker exactly as they are.
  virtual void play(std::span<std::int16_t> samples) noexcept = 0;
};

enum class DeviceKind : std::uint8_t { microphone, loudspeaker };

/// "microphone", "loudspeaker".
[[nodiscard]] std::string_view to_string(DeviceKind kind) noexcept;

/// One device as the user chooses it.
struct DeviceInfo {
  std::string name{};         ///< As the sound system spells it; what `--mic` and `--speaker` take.
  std::string description{};  ///< For people.
  DeviceKind kind = DeviceKind::microphone;
  std::string backend{};  ///< "pipewire", "pulse", "rtaudio".
  bool is_default = false;
  bool cancels_echo = false;  ///< The sound server takes the echo out already.
};

/// Something happened to a device while it was in use.
struct DeviceNotice {
  enum class Kind : std::uint8_t {
    lost,            ///< Unplugged, or the server went away: silence until `returned`.
    returned,        ///< Sound flows again.
    moved,           ///< Another device is used from now on.
    echo_removed,    ///< The microphone comes without echo: the sound server cancels it.
    no_echo_cancel,  ///< As `moved`: this microphone no longer comes without echo.
  };
  Kind kind = Kind::lost;
  DeviceKind device = DeviceKind::microphone;
  std::string text{};  ///< Name of the device, or why it was lost.
  std::chrono::steady_clock::time_point at = std::chrono::steady_clock::now();
};

/// "lost", "returned", "moved", …
[[nodiscard]] std::string_view to_string(DeviceNotice::Kind kind) noexcept;

/// What the device saw go wrong.
struct DeviceCounters {
  std::uint64_t capture_gaps = 0;   ///< The server had lost microphone sound.
  std::uint64_t playback_gaps = 0;  ///< The loudspeaker ran dry.
  std::uint64_t interruptions = 0;  ///< Times that a device or the server was lost.
};

struct DeviceRequest {
  /// "" for the system's default, which is followed when it changes; a name or description of
  /// `list_devices`; or "null"; or "file:PATH"; or "loop".
  std::string microphone{};
  std::string loudspeaker{};
  /// "" for the best that answers: pipewire, pulse, rtaudio.
  std::string backend{};
};

/// A microphone and a loudspeaker, running from creation to destruction.
///
/// Plugging, unplugging and changes of the default are followed without an end of the stream; what
/// happens meanwhile is silence. Control thread, unless said otherwise.
class AudioDevice {
 public:
  virtual ~AudioDevice() = default;
  [[nodiscard]] virtual std::string_view backend() const noexcept = 0;
  /// The next thing that happened, in order. Any one thread.
  [[nodiscard]] virtual std::optional<DeviceNotice> next_notice() = 0;
  /// Any thread.
  [[nodiscard]] virtual DeviceCounters counters() const noexcept = 0;
  /// False while the microphone or the loudspeaker is away. Any thread.
  [[nodiscard]] virtual bool running() const noexcept = 0;
};

/// Opens and starts.
///
/// @param callback  Must outlive the device.
/// @return `Errc::not_found` when no sound system answers or it has no such device, `refused` when
///         the device is busy or does not take our format, `unsupported` when this build has no
///         sound devices, `invalid_argument` for a wrong name; the detail says what to do.
[[nodiscard]] Result<std::unique_ptr<AudioDevice>> open_audio_device(const DeviceRequest& request,
                                                                     DeviceCallback& callback);

/// What could be opened: the devices of the first sound system that answers.
/// @param backend  "" or one of "pipewire", "pulse", "rtaudio".
/// @return errors as `open_audio_device`.
[[nodiscard]] Result<std::vector<DeviceInfo>> list_devices(std::string_view backend = {});

/// Names of the sound systems that this build knows, in the order in which they are tried.
[[nodiscard]] std::vector<std::string_view> device_backends();

}  // namespace offhook::audio
