#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audio/device/audio_device.hpp"

namespace offhook::audio {

using OpenedDevice = Result<std::unique_ptr<AudioDevice>>;
using DeviceList = Result<std::vector<DeviceInfo>>;

/// What a user without a device can do; ends every message that there is none.
inline constexpr std::string_view no_device_hint =
    "; use --audio FILE or --audio null with --play FILE or --play null, or "
    "--mic file:IN.wav --speaker file:OUT.wav";

/// One sound system. `open` and `list` fail with `Errc::unreachable` when it is not there at all,
/// so that the next one is tried.
struct DeviceBackend {
  std::string_view name;
  OpenedDevice (*open)(const DeviceRequest& request, DeviceCallback& callback);
  DeviceList (*list)();
};

/// Opens with the first of `candidates` that is there, or the one that `request` names. Where it
/// is there and refuses, its reason is the user's, and no other is tried.
[[nodiscard]] OpenedDevice open_first(std::span<const DeviceBackend> candidates,
                                      const DeviceRequest& request,
                                      DeviceCallback& callback);

// Which of them exist in this build is decided in CMakeLists.txt.
[[nodiscard]] OpenedDevice open_pipewire(const DeviceRequest& request, DeviceCallback& callback);
[[nodiscard]] DeviceList list_pipewire();
[[nodiscard]] OpenedDevice open_pulse(const DeviceRequest& request, DeviceCallback& callback);
[[nodiscard]] DeviceList list_pulse();
[[nodiscard]] OpenedDevice open_rtaudio(const DeviceRequest& request, DeviceCallback& callback);
[[nodiscard]] DeviceList list_rtaudio();

/// "null", "file:PATH" and "loop": no sound system, 10 ms by a timer of our own. The microphone is
/// silence, the file over and over, or what was played 50 ms ago, 12 dB quieter; the loudspeaker is
/// nothing, or a new file.
[[nodiscard]] OpenedDevice open_virtual_device(const DeviceRequest& request,
                                               DeviceCallback& callback);

/// True for the names that `open_virtual_device` takes.
[[nodiscard]] bool is_virtual_device(std::string_view name) noexcept;

/// Finds what the user named: a name in full, else a description in full, else the only device
/// whose name or description holds `wanted`; letters in either case.
/// @return `Errc::not_found`, or `invalid_argument` when several fit, listing them.
[[nodiscard]] Result<DeviceInfo> find_device(const std::vector<DeviceInfo>& devices,
                                             DeviceKind kind,
                                             std::string_view wanted);

/// True when a node's name, driver or properties are those of an echo canceller of the server.
[[nodiscard]] bool names_echo_canceller(std::string_view text) noexcept;

}  // namespace offhook::audio
