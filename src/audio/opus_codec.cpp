#include "audio/opus_codec.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <opus/opus.h>

#include "base/c_handle.hpp"

namespace offhook::audio {
namespace {

using EncoderHandle = CHandle<OpusEncoder, opus_encoder_destroy>;
using DecoderHandle = CHandle<OpusDecoder, opus_decoder_destroy>;

constexpr int fec_from_percent = 3;
constexpr int fec_bit_rate = 8'000;

constexpr int bit_rate_at(int audio_rate_hz) { return audio_rate_hz < 24'000 ? 24'000 : 32'000; }

class OpusFrameEncoder final : public Encoder {
 public:
  OpusFrameEncoder(EncoderHandle encoder, int audio_rate_hz)
      : encoder_{std::move(encoder)}, rate_{audio_rate_hz} {
    OpusEncoder* opus = encoder_.get();
    opus_encoder_ctl(opus, OPUS_SET_COMPLEXITY(5));
    opus_encoder_ctl(opus, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    opus_encoder_ctl(opus, OPUS_SET_DTX(0));
    opus_encoder_ctl(opus, OPUS_SET_BITRATE(bit_rate_at(rate_)));
  }

  std::size_t encode(const Frame& frame, std::span<std::uint8_t> payload) noexcept override {
    if (frame.size != samples_per_frame(rate_)) {
      return 0;
    }
    const auto room = static_cast<opus_int32>(std::min(payload.size(), max_payload_bytes));
    const opus_int32 bytes =
        opus_encode(encoder_.get(), frame.storage.data(), frame.size, payload.data(), room);
    return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
  }

  void set_expected_loss(int percent) noexcept override {
    const int loss = std::clamp(percent, 0, 100);
    const bool fec = loss >= fec_from_percent;
    OpusEncoder* opus = encoder_.get();
    opus_encoder_ctl(opus, OPUS_SET_PACKET_LOSS_PERC(loss));
    opus_encoder_ctl(opus, OPUS_SET_INBAND_FEC(fec ? 1 : 0));
    opus_encoder_ctl(opus, OPUS_SET_BITRATE(bit_rate_at(rate_) + (fec ? fec_bit_rate : 0)));
  }

 private:
  EncoderHandle encoder_;
  int rate_;
};

class OpusFrameDecoder final : public Decoder {
 public:
  OpusFrameDecoder(DecoderHandle decoder, int audio_rate_hz)
      : decoder_{std::move(decoder)}, rate_{audio_rate_hz} {}

  bool decode(std::span<const std::uint8_t> payload, Frame& frame) noexcept override {
    if (is_one_frame(payload) && run(payload, frame, false)) {
      return true;
    }
    conceal({}, frame);
    return false;
  }

  void conceal(std::span<const std::uint8_t> next, Frame& frame) noexcept override {
    const bool recovered = is_one_frame(next) && run(next, frame, true);
    if (!recovered && !run({}, frame, false)) {
      frame.silence(rate_);
    }
  }

 private:
  [[nodiscard]] bool is_one_frame(std::span<const std::uint8_t> payload) const noexcept {
    return !payload.empty() && payload.size() <= max_payload_bytes &&
           opus_packet_get_nb_samples(payload.data(), static_cast<opus_int32>(payload.size()),
                                      rate_) == static_cast<int>(samples_per_frame(rate_));
  }

  /// @param payload  Empty: libopus makes up the frame.
  /// @param recover  Takes the FEC copy of the frame *before* `payload` out of it.
  bool run(std::span<const std::uint8_t> payload, Frame& frame, bool recover) noexcept {
    frame.silence(rate_);
    return opus_decode(decoder_.get(), payload.empty() ? nullptr : payload.data(),
                       static_cast<opus_int32>(payload.size()), frame.storage.data(), frame.size,
                       recover ? 1 : 0) == frame.size;
  }

  DecoderHandle decoder_;
  int rate_;
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_opus_encoder(int audio_rate_hz) {
  int error = OPUS_OK;
  EncoderHandle encoder{opus_encoder_create(audio_rate_hz, 1, OPUS_APPLICATION_VOIP, &error)};
  if (!encoder) {
    return fail(Errc::internal, std::string{"Opus encoder: "} + opus_strerror(error));
  }
  return std::make_unique<OpusFrameEncoder>(std::move(encoder), audio_rate_hz);
}

Result<std::unique_ptr<Decoder>> make_opus_decoder(int audio_rate_hz) {
  int error = OPUS_OK;
  DecoderHandle decoder{opus_decoder_create(audio_rate_hz, 1, &error)};
  if (!decoder) {
    return fail(Errc::internal, std::string{"Opus decoder: "} + opus_strerror(error));
  }
  return std::make_unique<OpusFrameDecoder>(std::move(decoder), audio_rate_hz);
}

}  // namespace offhook::audio
