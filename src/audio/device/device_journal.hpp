#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "audio/device/audio_device.hpp"

namespace offhook::audio {

/// What a device tells about itself: notices from its threads to the control thread, and counters.
/// Notices lock, so they are for changes of state and never for the path of the samples.
class DeviceJournal {
 public:
  void tell(DeviceNotice notice) {
    if (notice.kind == DeviceNotice::Kind::lost) {
      interruptions_.fetch_add(1, std::memory_order_relaxed);
    }
    const std::lock_guard lock{mutex_};
    if (notices_.size() < most_notices) {
      notices_.push_back(std::move(notice));
    }
  }

  [[nodiscard]] std::optional<DeviceNotice> next() {
    const std::lock_guard lock{mutex_};
    if (notices_.empty()) {
      return std::nullopt;
    }
    DeviceNotice notice = std::move(notices_.front());
    notices_.pop_front();
    return notice;
  }

  void count_capture_gap() noexcept { capture_gaps_.fetch_add(1, std::memory_order_relaxed); }
  void count_playback_gap() noexcept { playback_gaps_.fetch_add(1, std::memory_order_relaxed); }

  [[nodiscard]] DeviceCounters counters() const noexcept {
    return {.capture_gaps = capture_gaps_.load(std::memory_order_relaxed),
            .playback_gaps = playback_gaps_.load(std::memory_order_relaxed),
            .interruptions = interruptions_.load(std::memory_order_relaxed)};
  }

 private:
  static constexpr std::size_t most_notices = 100;  // nobody asks: nothing piles up
  std::mutex mutex_;
  std::deque<DeviceNotice> notices_;
  std::atomic<std::uint64_t> capture_gaps_{0};
  std::atomic<std::uint64_t> playback_gaps_{0};
  std::atomic<std::uint64_t> interruptions_{0};
};

}  // namespace offhook::audio
