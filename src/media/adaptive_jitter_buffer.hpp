#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "audio/codec.hpp"
#include "media/delay_estimator.hpp"
#include "media/frame_assembler.hpp"
#include "media/jitter_buffer.hpp"
#include "media/packet_store.hpp"

namespace offhook::media {

/// Jitter buffer whose delay follows the network.
///
/// It places packets by timestamp and holds them until all but the worst 0.8 % of packets would be
/// in time (`DelayEstimator`). When it runs dry it conceals *without* moving on, so a packet that
/// was only late is still played and the delay has grown by what it was late. It shrinks slowly:
/// one frame at a time is faded into the next, preferably where it is quiet. A pause of the sender,
/// with timestamps that advance meanwhile or not, begins a new talk spurt with the right delay.
/// Opus packets may last 10, 20, 40 or more ms. Does not allocate.
class AdaptiveJitterBuffer final : public JitterBuffer {
 public:
  static constexpr std::chrono::milliseconds min_delay{20};
  static constexpr std::chrono::milliseconds max_delay{240};

  AdaptiveJitterBuffer(std::unique_ptr<audio::Decoder> decoder,
                       const audio::CodecInfo& codec,
                       int audio_rate_hz);

  void insert(const RtpPacketView& packet, Clock::time_point arrival) noexcept override;
  void insert_comfort_noise(const RtpPacketView& packet,
                            Clock::time_point arrival) noexcept override;
  void next_frame(audio::Frame& frame, Clock::time_point now) noexcept override;
  [[nodiscard]] JitterBufferStats stats() const noexcept override;

 private:
  static constexpr int copy_memory = 250;  ///< Packets: in silence there are no copies.

  enum class State : std::uint8_t { waiting, playing };

  void restart() noexcept;
  void learn_delay(const RtpHeader& header, Clock::time_point arrival) noexcept;
  void watch_losses(const RtpPacketView& packet) noexcept;
  void insert_opus(const RtpPacketView& packet) noexcept;
  /// Of 10 ms: waits for its other half.
  void join_halves(const RtpPacketView& packet) noexcept;
  void insert_frame(const RtpHeader& header, std::span<const std::uint8_t> payload) noexcept;
  void shed_backlog(Clock::time_point now) noexcept;
  /// Moves to what is to be played now. @return false when that is silence or made up.
  bool seek(audio::Frame& frame, Clock::time_point now) noexcept;
  bool begin_talk_spurt(audio::Frame& frame, Clock::time_point now) noexcept;
  /// Silence, or the peer's comfort noise.
  void pause(audio::Frame& frame) noexcept;
  void run_dry(audio::Frame& frame) noexcept;
  void settle_dry_frames() noexcept;
  void play_oldest(audio::Frame& frame) noexcept;
  void adapt(audio::Frame& frame, std::int64_t delay_us) noexcept;
  [[nodiscard]] bool copies_help() const noexcept;
  [[nodiscard]] bool may_grow(std::int64_t delay_us) const noexcept;
  [[nodiscard]] int frames_until(RtpTimestamp timestamp) const noexcept;
  [[nodiscard]] bool next_is_here() const noexcept;
  [[nodiscard]] std::int64_t to_us(RtpTimestamp timestamp) const noexcept;
  [[nodiscard]] std::int64_t delay_us(RtpTimestamp timestamp, Clock::time_point now) const noexcept;
  [[nodiscard]] std::int64_t needed_us() const noexcept;
  void track_level(const audio::Frame& frame) noexcept;

  std::unique_ptr<audio::Decoder> decoder_;
  int clock_hz_;
  std::uint32_t ticks_per_frame_;
  bool bytes_are_ticks_;
  int audio_rate_hz_;

  PacketStore store_;
  FrameAssembler assembler_{};
  RtpHeader half_{};  ///< Of the 10 ms of Opus in `half_payload_`.
  std::array<std::uint8_t, audio::max_payload_bytes> half_payload_{};
  std::size_t half_bytes_ = 0;
  DelayEstimator estimator_{};
  JitterBufferStats stats_{};
  std::optional<std::uint32_t> ssrc_{};
  State state_ = State::waiting;

  // Timestamps unwrapped: `reference_ticks_` is the running count at `reference_`.
  RtpTimestamp reference_{};
  std::int64_t reference_ticks_ = 0;
  std::int64_t last_transit_us_ = 0;
  Clock::time_point last_arrival_{};
  bool after_long_gap_ = false;  ///< Nothing came for so long that it was no stall.

  std::optional<RtpTimestamp> next_{};  ///< What is to be played next.
  std::optional<SequenceNumber> last_played_{};
  std::optional<SequenceNumber> newest_{};
  double loss_ = 0;               ///< Share of packets that did not come, of late.
  int since_copy_ = copy_memory;  ///< Packets since one held a copy of the one before (FEC).
  std::optional<SequenceNumber> noise_{};  ///< Last comfort noise packet; the peer pauses.
  std::int32_t noise_amplitude_ = 0;
  std::uint32_t noise_state_ = 1;
  int dry_frames_ = 0;     ///< Given out since the buffer ran dry; `next_` stands still.
  int dry_concealed_ = 0;  ///< Of those: not silence, not yet counted.
  int since_adapted_ = 0;  ///< Frames since one was dropped or added.
  int excess_frames_ = 0;  ///< How long the delay has been too long.
  std::int64_t current_delay_us_ = 0;
  std::int32_t level_ = 0;  ///< Slow mean of the magnitude of what was played.
  bool quiet_ = true;       ///< The last frame was much below `level_`.
  audio::Frame scratch_{};
};

}  // namespace offhook::media
