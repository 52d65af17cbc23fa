#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <pipewire/pipewire.h>

#include "audio/device/audio_device.hpp"
#include "base/error.hpp"

namespace offhook::audio {

/// Holds the lock of a PipeWire loop; must not be taken on the loop's own thread.
class PipewireLock {
 public:
  explicit PipewireLock(pw_thread_loop* loop) : loop_{loop} { pw_thread_loop_lock(loop_); }
  PipewireLock(const PipewireLock&) = delete;
  PipewireLock& operator=(const PipewireLock&) = delete;
  ~PipewireLock() { pw_thread_loop_unlock(loop_); }

 private:
  pw_thread_loop* loop_;
};

/// The thread that talks to PipeWire, one connection, and the devices that it tells of. Members
/// are used on the loop's thread or with its lock, unless said otherwise.
class PipewireConnection {
 public:
  PipewireConnection();
  PipewireConnection(const PipewireConnection&) = delete;
  PipewireConnection& operator=(const PipewireConnection&) = delete;
  ~PipewireConnection();

  /// Starts the thread, connects and waits until the devices are known. Neither on the loop's
  /// thread nor with the lock. @return `Errc::unreachable` when PipeWire does not answer, or has
  /// no session manager that connects streams.
  [[nodiscard]] Result<> start();
  /// With the lock. @return `Errc::unreachable` where PipeWire runs for other things than sound,
  /// such as screen sharing, and has neither microphones nor loudspeakers.
  [[nodiscard]] Result<> has_devices() const;
  /// Ends the thread; not with the lock.
  void stop();

  /// A new connection in place of a lost one. @return false when there is no server yet.
  bool connect();
  void disconnect();

  [[nodiscard]] std::vector<DeviceInfo> devices() const;
  /// Name of the default device of a kind; empty: there is none.
  [[nodiscard]] const std::string& default_name(DeviceKind kind) const {
    return defaults_[static_cast<std::size_t>(kind)];
  }
  /// Properties that tell of an echo canceller.
  [[nodiscard]] bool cancels_echo(const std::string& name) const;

  /// Called when devices or defaults changed, and (`lost`) when the server went away.
  std::function<void(bool lost)> on_change;

  [[nodiscard]] bool wait_for(const std::function<bool()>& condition) const;
  [[nodiscard]] pw_thread_loop* loop() const noexcept { return loop_; }
  [[nodiscard]] pw_core* core() const noexcept { return core_; }

 private:
  struct Events;
  void on_global(std::uint32_t id, const char* type, const spa_dict* properties);
  void on_removed(std::uint32_t id);
  int on_metadata(const char* key, const char* value);
  void changed(bool lost);

  pw_thread_loop* loop_;
  pw_context* context_ = nullptr;
  pw_core* core_ = nullptr;
  pw_registry* registry_ = nullptr;
  pw_proxy* metadata_ = nullptr;
  spa_hook core_hook_{};
  spa_hook registry_hook_{};
  spa_hook metadata_hook_{};
  int sync_ = 0;
  int synced_ = -1;
  bool failed_ = false;
  bool started_ = false;
  std::map<std::uint32_t, DeviceInfo> devices_;
  std::array<std::string, 2> defaults_;
};

}  // namespace offhook::audio
