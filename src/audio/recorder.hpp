#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "audio/frame.hpp"
#include "audio/port.hpp"
#include "base/error.hpp"

namespace offhook::audio {

/// Writes a call's sound to a file on a thread of its own.
///
/// The media thread hands over frames through a ring of two seconds; when the disk is slower than
/// that, frames are dropped and counted rather than the call disturbed.
class Recorder {
 public:
  /// @param channels  1: only what `write` gets as `left`. 2: stereo.
  /// @return as `SoundWriter::create`.
  [[nodiscard]] static Result<std::unique_ptr<Recorder>> create(const std::string& path,
                                                                int rate_hz,
                                                                int channels);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  /// Writes what is still queued and finishes the file.
  ~Recorder();

  /// Media thread: never blocks, never allocates. Frames must be 20 ms at the file's rate.
  void write(const Frame& left, const Frame& right) noexcept;

  [[nodiscard]] std::uint64_t dropped_frames() const noexcept { return dropped_; }
  /// The disk refused to take more; what came before is in the file.
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 private:
  class Writer;
  explicit Recorder(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<bool> failed_{false};
  std::jthread thread_;  // files: last member, so that it ends before what it uses
};

/// A port whose sound is recorded on its way: left what it receives, right what it sends.
class RecordedPort final : public Port {
 public:
  /// @param inner  Must outlive this.
  RecordedPort(Port& inner, std::unique_ptr<Recorder> recorder)
      : inner_{inner}, recorder_{std::move(recorder)} {}

  void exchange(const Frame& received, Frame& to_send) noexcept override {
    inner_.exchange(received, to_send);
    recorder_->write(received, to_send);
  }

 private:
  Port& inner_;
  std::unique_ptr<Recorder> recorder_;
};

}  // namespace offhook::audio
