#pragma once

#include <string>

#include <pipewire/stream.h>

#include "audio/device/audio_device.hpp"
#include "audio/device/device_journal.hpp"
#include "audio/device/gap_meter.hpp"

namespace offhook::audio {

/// One direction of a PipeWire device. All functions with the loop's lock or on its thread; samples
/// flow on the thread of PipeWire's graph.
class PipewireStream {
 public:
  enum class State { connecting, running, waiting, failed };

  PipewireStream(DeviceKind kind, DeviceCallback& callback, DeviceJournal& journal)
      : kind_{kind}, callback_{callback}, journal_{journal} {}
  PipewireStream(const PipewireStream&) = delete;
  PipewireStream& operator=(const PipewireStream&) = delete;
  ~PipewireStream() { close(); }

  /// Begins to connect; the session manager links it with `device`, "" for the default, and with
  /// another one as devices come and go.
  void open(pw_core* core, const std::string& device);
  void close();

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] const std::string& error() const noexcept { return error_; }
  [[nodiscard]] DeviceKind kind() const noexcept { return kind_; }

  void on_change(void (*change)(void*), void* data) {
    change_ = change;
    change_data_ = data;
  }

 private:
  struct Events;
  void state_changed(pw_stream_state state, const char* error);
  void capture() noexcept;
  void look_for_gap(std::size_t samples) noexcept;
  void play() noexcept;

  DeviceKind kind_;
  DeviceCallback& callback_;
  DeviceJournal& journal_;
  pw_stream* stream_ = nullptr;
  spa_hook hook_{};
  GapMeter gaps_{};  // the graph's thread, or none while there is no stream
  State state_ = State::connecting;
  std::string error_;
  void (*change_)(void*) = nullptr;
  void* change_data_ = nullptr;
};

}  // namespace offhook::audio
