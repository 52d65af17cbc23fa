#pragma once

#include <functional>
#include <string>
#include <vector>

#include <pulse/context.h>
#include <pulse/operation.h>
#include <pulse/thread-mainloop.h>

#include "audio/device/audio_device.hpp"
#include "base/error.hpp"

namespace offhook::audio {

/// Holds the lock of a mainloop; must not be taken on the mainloop's own thread.
class PulseLock {
 public:
  explicit PulseLock(pa_threaded_mainloop* loop) : loop_{loop} { pa_threaded_mainloop_lock(loop_); }
  PulseLock(const PulseLock&) = delete;
  PulseLock& operator=(const PulseLock&) = delete;
  ~PulseLock() { pa_threaded_mainloop_unlock(loop_); }

 private:
  pa_threaded_mainloop* loop_;
};

/// Lets go of an operation whose end nobody waits for; null is none.
void forget(pa_operation* operation);

/// The thread that talks to a PulseAudio server (or to PipeWire in its place), and one connection.
class PulseServer {
 public:
  PulseServer();
  PulseServer(const PulseServer&) = delete;
  PulseServer& operator=(const PulseServer&) = delete;
  ~PulseServer();

  /// Starts the thread and connects. @return `Errc::unreachable` when no server answers in time.
  [[nodiscard]] Result<> start();

  /// Ends the thread: no callback runs after it.
  void stop();

  /// Asks for all devices. Not on the mainloop's thread, without the lock.
  [[nodiscard]] Result<std::vector<DeviceInfo>> devices();

  /// Waits for something that the mainloop's thread brings about. Not on that thread.
  /// @return false when it does not come in time.
  [[nodiscard]] bool wait_for(const std::function<bool()>& condition) const;

  /// Drops the connection and makes a new one; to be called with the lock, or on the mainloop's
  /// thread but not in a callback of the context itself.
  void reconnect(pa_context_notify_cb_t on_state, void* data);

  [[nodiscard]] pa_threaded_mainloop* loop() const noexcept { return loop_; }
  [[nodiscard]] pa_context* context() const noexcept { return context_; }
  [[nodiscard]] std::string last_error() const;

 private:
  void drop_context();
  pa_threaded_mainloop* loop_ = nullptr;
  pa_context* context_ = nullptr;
  bool started_ = false;
};

}  // namespace offhook::audio
