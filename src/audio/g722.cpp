#include <cstdint>

// g722.h does not include what it needs, so the order matters.
// clang-format off
#include <spandsp/telephony.h>
#include <spandsp/g722.h>
// clang-format on

#include "audio/waveform_codec.hpp"
#include "base/c_handle.hpp"

namespace offhook::audio {
namespace {

constexpr int bit_rate = 64'000;

class G722 final : public WaveformCodec {
 public:
  G722()
      : encoder_{g722_encode_init(nullptr, bit_rate, 0)},
        decoder_{g722_decode_init(nullptr, bit_rate, 0)} {}

  [[nodiscard]] bool ready() const noexcept { return encoder_ && decoder_; }

  void encode(std::span<const std::int16_t> samples,
              std::span<std::uint8_t> payload) noexcept override {
    g722_encode(encoder_.get(), payload.data(), samples.data(), static_cast<int>(samples.size()));
  }

  void decode(std::span<const std::uint8_t> payload,
              std::span<std::int16_t> samples) noexcept override {
    g722_decode(decoder_.get(), samples.data(), payload.data(), static_cast<int>(payload.size()));
  }

  [[nodiscard]] int sample_rate_hz() const noexcept override { return 16'000; }

 private:
  CHandle<g722_encode_state_t, g722_encode_free> encoder_;
  CHandle<g722_decode_state_t, g722_decode_free> decoder_;
};

}  // namespace

std::unique_ptr<WaveformCodec> make_g722() {
  auto codec = std::make_unique<G722>();
  if (!codec->ready()) {
    return nullptr;
  }
  return codec;
}

}  // namespace offhook::audio
