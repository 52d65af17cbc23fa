#include "media/packet_store.hpp"

#include <algorithm>

namespace offhook::media {

bool PacketStore::insert(const RtpHeader& header, std::span<const std::uint8_t> payload) noexcept {
  if (full() || payload.size() > payload_bytes_) {
    return false;
  }
  // From behind, because packets mostly come in order.
  std::size_t position = count_;
  while (position > 0 && entries_[position - 1].timestamp.newer_than(header.timestamp)) {
    --position;
  }
  if (position > 0 && entries_[position - 1].timestamp == header.timestamp) {
    return false;
  }
  const std::uint8_t slot = entries_[count_].slot;
  const auto at = entries_.begin() + static_cast<std::ptrdiff_t>(position);
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(count_);
  std::move_backward(at, end, end + 1);
  *at = Entry{.timestamp = header.timestamp,
              .sequence = header.sequence,
              .marker = header.marker,
              .size = static_cast<std::uint16_t>(payload.size()),
              .slot = slot};
  std::ranges::copy(payload, bytes_.get() + slot * payload_bytes_);
  ++count_;
  return true;
}

void PacketStore::remove_oldest() noexcept {
  const std::uint8_t slot = entries_[0].slot;
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(count_);
  std::move(entries_.begin() + 1, end, entries_.begin());
  --count_;
  entries_[count_].slot = slot;
}

void PacketStore::clear() noexcept {
  count_ = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    entries_[i].slot = static_cast<std::uint8_t>(i);
  }
}

}  // namespace offhook::media
