#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "audio/port.hpp"
#include "base/spsc_ring.hpp"

namespace offhook::sim {

inline constexpr int voice_rate_hz = 16'000;
inline constexpr std::size_t samples_per_ms = voice_rate_hz / 1'000;

inline constexpr std::size_t frame_samples = voice_rate_hz / 50;

/// 20 ms of the caller, and what the model said meanwhile.
struct CallerFrame {
  std::array<std::int16_t, frame_samples> samples{};
  std::array<std::int16_t, frame_samples> sent{};
  float sent_dbfs = -90;
};

/// The model's mouth and the microphone on its ear: plays queued speech on the media thread and
/// hands the caller's frames to the control thread.
///
/// `exchange` belongs to the media thread, everything else to the control thread. Clips pass by
/// pointer and are freed by the control thread, so that the media thread neither locks nor
/// allocates. An utterance is any number that the owner uses for one response.
class Speaker : public audio::Port {
 public:
  Speaker();

  void exchange(const audio::Frame& received, audio::Frame& to_send) noexcept override;

  /// Queues sound at 16 kHz behind what is queued already.
  void play(std::uint32_t utterance, std::vector<std::int16_t> samples);
  /// Throws away everything queued so far; silence begins with the next frame.
  void clear();
  /// Samples of an utterance that went out.
  [[nodiscard]] std::size_t played_samples(std::uint32_t utterance) const;
  /// Frees what was played. Call it every 20 ms or so.
  void collect();
  /// The caller's next 20 ms. @return false when there is none yet.
  [[nodiscard]] bool hear(CallerFrame& frame) noexcept { return heard_.pop(frame); }
  /// Frames that were lost because nobody took them in time.
  [[nodiscard]] std::uint64_t frames_missed() const noexcept {
    return missed_.load(std::memory_order_relaxed);
  }

 private:
  struct Clip {
    std::uint32_t number = 0;  ///< Counts clips from 1.
    std::uint32_t utterance = 0;
    std::vector<std::int16_t> samples;
  };

  void fill(audio::Frame& to_send) noexcept;
  bool next_clip() noexcept;
  void publish() noexcept;
  void queue_waiting();

  // Control thread.
  std::deque<std::unique_ptr<Clip>> clips_;  ///< Queued or being played, in order.
  std::size_t queued_ = 0;                   ///< Of those, how many the ring took.
  std::uint32_t last_number_ = 0;
  std::unordered_map<std::uint32_t, std::size_t> finished_;  ///< Samples of freed clips.

  // Between the threads.
  SpscRing<const Clip*> queue_{256};
  SpscRing<CallerFrame> heard_{64};
  std::atomic<std::uint32_t> clear_through_{0};  ///< Clips up to this number are not played.
  std::atomic<std::uint64_t> progress_{0};  ///< Clip number, then samples of it (32 bits each).
  std::atomic<std::uint64_t> missed_{0};

  // Media thread.
  const Clip* current_ = nullptr;
  std::uint32_t current_number_ = 0;
  std::uint32_t offset_ = 0;
};

}  // namespace offhook::sim
