#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>

#include "audio/device/audio_device.hpp"
#include "audio/device/clock_bridge.hpp"
#include "audio/device/sample_ring.hpp"
#include "audio/frame.hpp"
#include "audio/resampler.hpp"
#include "audio/voice/voice_processor.hpp"
#include "base/error.hpp"
#include "base/spsc_ring.hpp"

namespace offhook::audio {

/// What lies between a sound device and a call: rings to cross threads, conversion of rates and
/// clocks, and the voice processor between microphone and call, fed with what was played.
///
///     media thread ─ exchange ─ frames ──┐                 ┌─ bridge ─ play ─ device
///                                        ├ work: a thread ─┤
///     media thread ─ exchange ─ bridge ──┘  of its own     └─ rings ── captured, played ─ device
///
/// No function blocks, locks or allocates. Without threads of its own, so that tests turn it by
/// hand.
class SoundPath final : public DeviceCallback {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param rate_hz    Of the call's frames.
  /// @param processor     May be null.
  /// @param without_echo  Takes the place of `processor` while `echo_is_removed`; may be null.
  [[nodiscard]] static Result<std::unique_ptr<SoundPath>> create(
      int rate_hz,
      std::unique_ptr<VoiceProcessor> processor,
      std::unique_ptr<VoiceProcessor> without_echo = nullptr);
  /// With the processors that `voice` asks for: without echo, its noise suppression and gain stay.
  /// @return also the errors of `make_voice_processor`.
  [[nodiscard]] static Result<std::unique_ptr<SoundPath>> create(int rate_hz,
                                                                 const VoiceProcessorConfig& voice);

  // Device threads; the times are those of the call.
  void captured(std::span<const std::int16_t> samples) noexcept override;
  void play(std::span<std::int16_t> samples) noexcept override;
  void play_at(std::span<std::int16_t> samples, Clock::time_point now) noexcept;

  /// Media thread. `to_send` is left silent where nothing was captured.
  void exchange(const Frame& received, Frame& to_send, Clock::time_point now) noexcept;

  /// Working thread: converts and processes all that waits. To be called soon after each of the
  /// functions above.
  void work(Clock::time_point now) noexcept;

  /// The microphone comes without echo: only the processor without cancellation, if any, is used.
  /// Any thread.
  void echo_is_removed(bool removed) noexcept { echo_removed_ = removed; }
  [[nodiscard]] bool echo_is_removed() const noexcept { return echo_removed_; }

  // Any thread.
  [[nodiscard]] BridgeStats capture_stats() const noexcept { return to_call_->stats(); }
  [[nodiscard]] BridgeStats playback_stats() const noexcept { return to_device_->stats(); }
  [[nodiscard]] double erle_db() const noexcept { return erle_db_; }
  [[nodiscard]] int echo_delay_ms() const noexcept { return echo_delay_ms_; }
  /// How often the canceller's reference had to jump.
  [[nodiscard]] std::uint64_t far_skips() const noexcept { return far_skips_; }

 private:
  using DeviceBlock = std::array<std::int16_t, device_block_samples>;
  using VoiceBlock = std::array<std::int16_t, VoiceProcessor::block_samples>;

  SoundPath(int rate_hz,
            std::unique_ptr<VoiceProcessor> processor,
            std::unique_ptr<VoiceProcessor> without_echo,
            std::unique_ptr<ClockBridge> to_device,
            std::unique_ptr<ClockBridge> to_call,
            Resampler near_down,
            Resampler far_down);
  void follow_lead(std::size_t ahead) noexcept;
  void take_played(DeviceBlock& block, std::size_t captured) noexcept;
  void process_block(Clock::time_point now) noexcept;

  int rate_hz_;
  std::unique_ptr<VoiceProcessor> processor_;
  std::unique_ptr<VoiceProcessor> without_echo_;
  SpscRing<Frame> received_{16};
  std::unique_ptr<ClockBridge> to_device_;
  std::unique_ptr<ClockBridge> to_call_;
  SampleRing captured_;
  SampleRing played_;
  // Working thread.
  static constexpr std::size_t most_lead = std::numeric_limits<std::size_t>::max();
  bool far_cushioned_ = false;
  std::size_t least_lead_ = most_lead;  ///< Of the loudspeaker's sound, since the last look.
  int lead_blocks_seen_ = 0;
  Resampler near_down_;
  Resampler far_down_;
  std::atomic<bool> echo_removed_{false};
  std::atomic<double> erle_db_{0};
  std::atomic<int> echo_delay_ms_{-1};
  std::atomic<std::uint64_t> far_skips_{0};
};

}  // namespace offhook::audio
