#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace offhook::media {

/// Which packet indexes were already accepted (RFC 3711 section 3.3.2): the highest, and a bitmap
/// of the 64 up to it. What is older counts as seen.
class ReplayWindow {
 public:
  static constexpr std::uint64_t size = 64;

  [[nodiscard]] std::optional<std::uint64_t> highest() const noexcept { return highest_; }

  [[nodiscard]] bool seen(std::uint64_t index) const noexcept {
    if (!highest_ || index > *highest_) {
      return false;
    }
    const std::uint64_t age = *highest_ - index;
    return age >= size || (bitmap_ >> age & 1) != 0;
  }

  /// Remembers `index`. Call it only for authentic packets.
  void accept(std::uint64_t index) noexcept {
    if (!highest_) {
      highest_ = index;
      bitmap_ = 1;
    } else if (index > *highest_) {
      const std::uint64_t ahead = index - *highest_;
      bitmap_ = (ahead < size ? bitmap_ << ahead : 0) | 1;
      highest_ = index;
    } else if (*highest_ - index < size) {
      bitmap_ |= std::uint64_t{1} << (*highest_ - index);
    }
  }

 private:
  std::optional<std::uint64_t> highest_{};
  std::uint64_t bitmap_ = 0;
};

}  // namespace offhook::media
