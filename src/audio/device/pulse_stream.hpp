#pragma once

#include <cstdint>
#include <string>

#include <pulse/stream.h>

#include "audio/device/audio_device.hpp"
#include "audio/device/device_journal.hpp"

namespace offhook::audio {

/// One direction of a PulseAudio device. All functions with the mainloop's lock or on its thread.
class PulseStream {
 public:
  PulseStream(DeviceKind kind, DeviceCallback& callback, DeviceJournal& journal)
      : kind_{kind}, callback_{callback}, journal_{journal} {}
  PulseStream(const PulseStream&) = delete;
  PulseStream& operator=(const PulseStream&) = delete;
  ~PulseStream() { close(); }

  /// Begins to connect. @param device  "" for the server's default.
  void open(pa_context* context, const std::string& device);
  /// Without a word to anybody.
  void close();

  /// On the mainloop's thread, outside of callbacks of the stream: moves to `device`.
  void move_to(pa_context* context, const std::string& device);

  [[nodiscard]] bool ready() const;
  /// Neither connected nor about to be.
  [[nodiscard]] bool failed() const;
  /// Name of the device that it is connected to.
  [[nodiscard]] std::string device() const;
  [[nodiscard]] DeviceKind kind() const noexcept { return kind_; }

  /// Called when the stream was lost, and when it was moved.
  void on_change(void (*change)(PulseStream&, void*), void* data) {
    change_ = change;
    change_data_ = data;
  }

 private:
  void set_callbacks();
  void state_changed();
  void was_moved();
  void ran_dry();
  void hold(std::uint32_t bytes);
  void capture();
  void play(std::size_t bytes);

  DeviceKind kind_;
  DeviceCallback& callback_;
  DeviceJournal& journal_;
  pa_stream* stream_ = nullptr;
  std::uint32_t playback_bytes_ = 0;
  bool lost_ = false;  // told, and not yet taken back
  void (*change_)(PulseStream&, void*) = nullptr;
  void* change_data_ = nullptr;
};

}  // namespace offhook::audio
