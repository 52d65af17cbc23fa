#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace offhook {

/// Queue between exactly one producing and one consuming thread: no lock, no allocation after
/// construction, never blocks. Carries audio frames and media events between threads.
template <class T>
class SpscRing {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// @param capacity  Items that fit; rounded up to a power of two.
  explicit SpscRing(std::size_t capacity)
      : capacity_{std::bit_ceil(capacity)}, items_{std::make_unique<T[]>(capacity_)} {}

  /// Producer only. @return false when full: `item` is not taken and the caller counts the drop.
  bool push(const T& item) noexcept {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == capacity_) {
      return false;
    }
    items_[tail & (capacity_ - 1)] = item;
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  /// Consumer only. @return false when empty: `item` is left alone.
  bool pop(T& item) noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) {
      return false;
    }
    item = items_[head & (capacity_ - 1)];
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  /// Any thread; exact only for the producer (an upper bound) and the consumer (a lower bound).
  [[nodiscard]] std::size_t size() const noexcept {
    return tail_.load(std::memory_order_acquire) - head_.load(std::memory_order_acquire);
  }

 private:
  std::size_t capacity_;
  std::unique_ptr<T[]> items_;
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace offhook
