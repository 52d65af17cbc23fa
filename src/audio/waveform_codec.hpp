#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "audio/codec.hpp"

namespace offhook::audio {

/// A codec of one fixed sample rate that turns every 20 ms into `payload_bytes`, with no
/// concealment of its own: G.711 and G.722. `make_waveform_encoder` and `make_waveform_decoder` add
/// resampling and concealment.
class WaveformCodec {
 public:
  virtual ~WaveformCodec() = default;
  /// @param samples  20 ms at `sample_rate_hz()`.  @param payload  Exactly `payload_bytes`.
  virtual void encode(std::span<const std::int16_t> samples,
                      std::span<std::uint8_t> payload) noexcept = 0;
  virtual void decode(std::span<const std::uint8_t> payload,
                      std::span<std::int16_t> samples) noexcept = 0;
  [[nodiscard]] virtual int sample_rate_hz() const noexcept = 0;

  static constexpr std::size_t payload_bytes = 160;  // 64 kb/s
};

/// @return null when libspandsp gives none.
[[nodiscard]] std::unique_ptr<WaveformCodec> make_g722();

[[nodiscard]] Result<std::unique_ptr<Encoder>> make_waveform_encoder(
    std::unique_ptr<WaveformCodec> codec, int audio_rate_hz);
[[nodiscard]] Result<std::unique_ptr<Decoder>> make_waveform_decoder(
    std::unique_ptr<WaveformCodec> codec, int audio_rate_hz);

}  // namespace offhook::audio
