#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audio/device/device.hpp"
#include "audio/port.hpp"
#include "audio/recorder.hpp"
#include "base/error.hpp"
#include "call/call_options.hpp"

namespace offhook::call {

/// The near side of a call: what is said into it, where the answer goes, and the recording.
///
/// Opened before the call, so that a missing file or device is reported before anybody rings.
class CallAudio final : public audio::Port {
 public:
  /// @return Errors of the file or device, ready for the user.
  [[nodiscard]] static Result<std::unique_ptr<CallAudio>> open(const AudioOptions& options);

  /// A near side of the caller's own making (the demo's scripted caller), recorded like any other.
  /// @param port  Must outlive this.
  [[nodiscard]] static Result<std::unique_ptr<CallAudio>> around(audio::Port& port,
                                                                 const AudioOptions& options);

  void exchange(const audio::Frame& received, audio::Frame& to_send) noexcept override;

  /// Of all frames.
  [[nodiscard]] int rate_hz() const noexcept { return rate_hz_; }

  /// Lets the input file begin. Any thread.
  void start_input() noexcept { input_started_ = true; }
  /// The input file has been sent to its end. False for ever with other inputs. Any thread.
  [[nodiscard]] bool input_ended() const noexcept { return input_ended_; }
  [[nodiscard]] bool input_is_file() const noexcept { return !input_.empty(); }

  /// Silences what we send; the stream goes on. Any thread.
  void mute(bool muted) noexcept { muted_ = muted; }
  [[nodiscard]] bool muted() const noexcept { return muted_; }

  /// How loud the last frame was, in dBFS from -100 to 0. Any thread.
  [[nodiscard]] float sent_level_db() const noexcept { return sent_level_db_; }
  [[nodiscard]] float received_level_db() const noexcept { return received_level_db_; }

  /// The sound device in use; null without one. Control thread.
  [[nodiscard]] audio::Device* device() const noexcept { return device_.get(); }

  /// 20 ms frames since the peer was last heard above -50 dBFS; counts from the start. Any thread.
  [[nodiscard]] std::uint32_t quiet_frames() const noexcept { return quiet_frames_; }
  [[nodiscard]] std::uint64_t dropped_recording_frames() const noexcept;

  /// A file (`--record` or `--play`) that takes no more sound, the disk being full for example:
  /// each once. What came before is in it, and the call goes on. Control thread.
  [[nodiscard]] std::optional<std::string> next_failed_file();

 private:
  explicit CallAudio(int rate_hz) : rate_hz_{rate_hz} {}
  [[nodiscard]] Result<> open_recording(const AudioOptions& options);
  [[nodiscard]] Result<> open_device(const AudioOptions& options);

  int rate_hz_ = 0;
  std::vector<std::int16_t> input_;  // the input file, converted to the call's rate
  std::size_t position_ = 0;         // media thread
  std::unique_ptr<audio::Device> device_;
  audio::Port* port_ = nullptr;  // device or scripted caller
  bool send_from_port_ = false;
  bool play_to_port_ = false;
  struct File {
    std::string path;
    std::unique_ptr<audio::Recorder> recorder;
    bool failure_told = false;  // control thread
  };
  File output_;
  File recording_;
  std::atomic<bool> input_started_{false};
  std::atomic<bool> input_ended_{false};
  std::atomic<bool> muted_{false};
  std::atomic<std::uint32_t> quiet_frames_{0};
  std::atomic<float> sent_level_db_{-100};
  std::atomic<float> received_level_db_{-100};
};

}  // namespace offhook::call
