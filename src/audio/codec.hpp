#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "audio/frame.hpp"
#include "base/error.hpp"

namespace offhook::audio {

enum class CodecId : std::uint8_t { opus, g722, pcmu, pcma };

/// What SDP and RTP need to know of a codec (RFC 3551, RFC 7587).
struct CodecInfo {
  CodecId id;
  std::string_view sdp_name;  ///< "opus", "G722", "PCMU", "PCMA".
  int rtp_clock_hz;           ///< 48000 for Opus, 8000 for the others (G.722 too, RFC 3551 4.5.2).
  int sdp_channels;           ///< 2 for Opus, whatever is sent.
  int payload_type;           ///< Static type, or the dynamic one that we offer.
  std::string_view fmtp;      ///< What we offer in a=fmtp, or empty.
  [[nodiscard]] std::uint32_t ticks_per_frame() const noexcept {
    return static_cast<std::uint32_t>(rtp_clock_hz) / 50;
  }
};

[[nodiscard]] const CodecInfo& codec_info(CodecId id) noexcept;
/// Case-insensitive, as SDP names are.
[[nodiscard]] std::optional<CodecId> codec_by_name(std::string_view sdp_name) noexcept;
/// Codecs of this build, in the order we prefer them: Opus, G.722 (with spandsp), PCMU, PCMA.
[[nodiscard]] std::vector<CodecId> available_codecs();

/// Largest payload that an encoder makes of one frame.
inline constexpr std::size_t max_payload_bytes = 1'275;

/// Turns 20 ms frames into RTP payloads. One per sent stream; one thread at a time; `encode` does
/// not allocate. Audio enters at the rate given to `make_encoder` and is resampled inside.
class Encoder {
 public:
  virtual ~Encoder() = default;
  /// @param frame    20 ms at the encoder's audio rate.
  /// @param payload  Room for `max_payload_bytes`.
  /// @return bytes written; 0 when the codec failed, the frame has another size, or there is no
  ///         room (counted by the caller).
  [[nodiscard]] virtual std::size_t encode(const Frame& frame,
                                           std::span<std::uint8_t> payload) noexcept = 0;
  /// Tells the codec how lossy the path is, 0 to 100 %, from the peer's RTCP reports.
  virtual void set_expected_loss(int /*percent*/) noexcept {}
};

/// Turns RTP payloads of one received stream into 20 ms frames, and conceals what is missing.
/// One per stream, fed in order; one thread at a time; does not allocate.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Decodes the payload of 20 ms: what we ask for in SDP (ptime). A G.711 or G.722 payload has
  /// 160 bytes. An Opus payload may last 40, 60, 80, 100 or 120 ms: its first 20 ms come out, and
  /// following calls with an empty payload give the rest.
  /// @return false when it is malformed or of another length; `frame` is then concealed.
  [[nodiscard]] virtual bool decode(std::span<const std::uint8_t> payload,
                                    Frame& frame) noexcept = 0;
  /// Makes up a frame for a packet that did not come. `next` is the packet after it if that is
  /// already here (Opus in-band FEC), else empty. It is still to be given to `decode` afterwards.
  /// @return true when `next` held a copy of the lost sound.
  virtual bool conceal(std::span<const std::uint8_t> next, Frame& frame) noexcept = 0;
  /// Whether a payload holds such a copy of the sound before its own.
  [[nodiscard]] virtual bool has_copy(std::span<const std::uint8_t> /*payload*/) const noexcept {
    return false;
  }
};

/// @param audio_rate_hz  8000, 16000, 24000 or 48000: the rate of the frames.
/// @return `Errc::unsupported` when this build has no such codec or the rate is another.
[[nodiscard]] Result<std::unique_ptr<Encoder>> make_encoder(CodecId id, int audio_rate_hz);
[[nodiscard]] Result<std::unique_ptr<Decoder>> make_decoder(CodecId id, int audio_rate_hz);

}  // namespace offhook::audio
