#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "media/rtp_packet.hpp"

namespace offhook::media {

/// A fixed number of payloads of bounded size, kept in the order of their timestamps. All memory is
/// taken at construction.
class PacketStore {
 public:
  static constexpr std::size_t max_capacity = 64;

  struct Entry {
    RtpTimestamp timestamp{};
    SequenceNumber sequence{};
    bool marker = false;
    std::uint16_t size = 0;
    std::uint8_t slot = 0;
  };

  /// @param capacity  Packets, at most `max_capacity`.
  PacketStore(std::size_t capacity, std::size_t max_payload_bytes)
      : capacity_{capacity},
        payload_bytes_{max_payload_bytes},
        bytes_{std::make_unique<std::uint8_t[]>(capacity * max_payload_bytes)} {
    clear();
  }

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] bool full() const noexcept { return count_ == capacity_; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] std::size_t max_payload_bytes() const noexcept { return payload_bytes_; }
  /// `position` 0 is the oldest.
  [[nodiscard]] const Entry& operator[](std::size_t position) const noexcept {
    return entries_[position];
  }
  [[nodiscard]] const Entry& oldest() const noexcept { return entries_[0]; }
  [[nodiscard]] std::span<const std::uint8_t> payload(const Entry& entry) const noexcept {
    return {bytes_.get() + entry.slot * payload_bytes_, entry.size};
  }

  /// @return false for a timestamp that is here already, a full store or a payload too long.
  bool insert(const RtpHeader& header, std::span<const std::uint8_t> payload) noexcept;
  void remove_oldest() noexcept;
  void clear() noexcept;

 private:
  std::size_t capacity_;
  std::size_t payload_bytes_;
  std::size_t count_ = 0;
  std::array<Entry, max_capacity> entries_{};  ///< Behind `count_`: the free slots.
  std::unique_ptr<std::uint8_t[]> bytes_;
};

}  // namespace offhook::media
