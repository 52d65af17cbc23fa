#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>

namespace offhook::audio {

/// Samples on their way from exactly one thread to exactly one other. Never blocks or allocates.
class SampleRing {
 public:
  /// @param capacity  Samples that fit; rounded up to a power of two.
  explicit SampleRing(std::size_t capacity)
      : capacity_{std::bit_ceil(capacity)}, samples_{std::make_unique<std::int16_t[]>(capacity_)} {}

  /// Producer. @return samples taken; the rest did not fit.
  std::size_t write(std::span<const std::int16_t> samples) noexcept {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    const std::size_t room = capacity_ - (tail - head_.load(std::memory_order_acquire));
    const std::size_t count = std::min(samples.size(), room);
    const std::size_t at = tail & (capacity_ - 1);
    const std::size_t first = std::min(count, capacity_ - at);
    std::copy_n(samples.data(), first, samples_.get() + at);
    std::copy_n(samples.data() + first, count - first, samples_.get());
    tail_.store(tail + count, std::memory_order_release);
    return count;
  }

  /// Consumer. @return samples given; the rest of `samples` is left alone.
  std::size_t read(std::span<std::int16_t> samples) noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    const std::size_t count =
        std::min(samples.size(), tail_.load(std::memory_order_acquire) - head);
    const std::size_t at = head & (capacity_ - 1);
    const std::size_t first = std::min(count, capacity_ - at);
    std::copy_n(samples_.get() + at, first, samples.data());
    std::copy_n(samples_.get(), count - first, samples.data() + first);
    head_.store(head + count, std::memory_order_release);
    return count;
  }

  /// Consumer: drops the oldest. @return samples dropped.
  std::size_t skip(std::size_t count) noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    count = std::min(count, tail_.load(std::memory_order_acquire) - head);
    head_.store(head + count, std::memory_order_release);
    return count;
  }

  /// Any thread; exact only for the producer (an upper bound) and the consumer (a lower bound).
  [[nodiscard]] std::size_t size() const noexcept {
    return tail_.load(std::memory_order_acquire) - head_.load(std::memory_order_acquire);
  }

 private:
  std::size_t capacity_;
  std::unique_ptr<std::int16_t[]> samples_;
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace offhook::audio
