#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "media/rtp_packet.hpp"

namespace offhook::media {

/// Cuts payloads of any packet time into pieces of 20 ms, for codecs of 8 bytes a millisecond whose
/// RTP clock counts bytes (G.711 and G.722). A piece that spans two packets needs them in order.
class FrameAssembler {
 public:
  static constexpr std::size_t frame_bytes = 160;

  /// Calls `take(header, piece)` for each piece that is complete, with its own timestamp.
  template <class Take>
  void push(RtpHeader header, std::span<const std::uint8_t> payload, Take take) {
    if (filled_ > 0 &&
        header.timestamp != partial_.timestamp + static_cast<std::uint32_t>(filled_)) {
      filled_ = 0;  // what came before had no continuation
    }
    while (!payload.empty()) {
      if (filled_ == 0 && payload.size() >= frame_bytes) {
        take(header, payload.first(frame_bytes));
        advance(header, payload, frame_bytes);
        continue;
      }
      if (filled_ == 0) {
        partial_ = header;
      }
      const std::size_t part = std::min(payload.size(), frame_bytes - filled_);
      std::copy_n(payload.begin(), part, bytes_.begin() + static_cast<std::ptrdiff_t>(filled_));
      filled_ += part;
      advance(header, payload, part);
      if (filled_ == frame_bytes) {
        filled_ = 0;
        take(partial_, std::span<const std::uint8_t>{bytes_});
      }
    }
  }
  void clear() noexcept { filled_ = 0; }

 private:
  static void advance(RtpHeader& header,
                      std::span<const std::uint8_t>& payload,
                      std::size_t bytes) {
    header.timestamp = header.timestamp + static_cast<std::uint32_t>(bytes);
    header.marker = false;
    payload = payload.subspan(bytes);
  }

  RtpHeader partial_{};
  std::array<std::uint8_t, frame_bytes> bytes_{};
  std::size_t filled_ = 0;
};

}  // namespace offhook::media
