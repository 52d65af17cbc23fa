#pragma once

#include "audio/frame.hpp"

namespace offhook::audio {

/// Where a call's sound comes from and goes to: a file, a device, a voice, a recorder in between.
class Port {
 public:
  virtual ~Port() = default;

  /// Called once every 20 ms of the call, on the media thread: takes what was received from the
  /// peer and gives what is to be sent. Must not block, allocate, lock or throw.
  ///
  /// @param received  20 ms at the stream's audio rate; silence when nothing came.
  /// @param to_send   Comes in as silence of the right size; fill it in place.
  virtual void exchange(const Frame& received, Frame& to_send) noexcept = 0;
};

}  // namespace offhook::audio
