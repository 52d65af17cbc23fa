#include "audio/opus_codec.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
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
    if (payload.empty() ? next_of_long(frame) : begin(payload, frame)) {
      return true;
    }
    conceal({}, frame);
    return false;
  }

  bool conceal(std::span<const std::uint8_t> next, Frame& frame) noexcept override {
    const bool recovered = is_one_frame(next) && has_copy(next) && run(next, frame, true);
    if (!recovered && !run({}, frame, false)) {
      frame.silence(rate_);
    }
    return recovered;
  }

  // opus_packet_has_lbrr came with Opus 1.5 only. In SILK and hybrid frames the first bits are the
  // voice activity of each 20 ms and then the LBRR flag (RFC 6716 section 4.2.3).
  [[nodiscard]] bool has_copy(std::span<const std::uint8_t> payload) const noexcept override {
    constexpr int first_celt_config = 16;
    constexpr int most_frames = 48;
    if (payload.empty() || payload[0] >> 3 >= first_celt_config) {
      return false;
    }
    std::array<const unsigned char*, most_frames> frames{};
    std::array<opus_int16, most_frames> sizes{};
    const int count = opus_packet_parse(payload.data(), static_cast<opus_int32>(payload.size()),
                                        nullptr, frames.data(), sizes.data(), nullptr);
    if (count < 1 || sizes[0] == 0) {
      return false;
    }
    const int frame_samples = opus_packet_get_samples_per_frame(payload.data(), rate_);
    const int silk_frames = std::max(frame_samples / static_cast<int>(samples_per_frame(rate_)), 1);
    return (frames[0][0] >> (7 - silk_frames) & 1) != 0;
  }

 private:
  static constexpr std::size_t longest = 6;  // frames

  /// @return 0 for what is no packet, or no whole number of frames.
  [[nodiscard]] std::size_t frames_in(std::span<const std::uint8_t> payload) const noexcept {
    if (payload.empty() || payload.size() > max_payload_bytes) {
      return 0;
    }
    const int samples =
        opus_packet_get_nb_samples(payload.data(), static_cast<opus_int32>(payload.size()), rate_);
    const auto frame = static_cast<int>(samples_per_frame(rate_));
    return samples > 0 && samples % frame == 0 ? static_cast<std::size_t>(samples / frame) : 0;
  }

  [[nodiscard]] bool is_one_frame(std::span<const std::uint8_t> payload) const noexcept {
    return frames_in(payload) == 1;
  }

  bool begin(std::span<const std::uint8_t> payload, Frame& frame) noexcept {
    const std::size_t frames = frames_in(payload);
    frames_left_ = 0;
    if (frames <= 1 || frames > longest) {
      return frames == 1 && run(payload, frame, false);
    }
    const std::size_t samples = frames * samples_per_frame(rate_);
    if (opus_decode(decoder_.get(), payload.data(), static_cast<opus_int32>(payload.size()),
                    long_.data(), static_cast<int>(samples), 0) != static_cast<int>(samples)) {
      return false;
    }
    frames_left_ = frames;
    at_ = 0;
    return next_of_long(frame);
  }

  bool next_of_long(Frame& frame) noexcept {
    if (frames_left_ == 0) {
      return false;
    }
    --frames_left_;
    frame.silence(rate_);
    std::copy_n(long_.begin() + static_cast<std::ptrdiff_t>(at_), frame.size,
                frame.storage.begin());
    at_ += frame.size;
    return true;
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
  std::array<std::int16_t, longest * max_frame_samples> long_{};  ///< A packet beyond 20 ms.
  std::size_t frames_left_ = 0;                                   ///< In `long_`, from `at_` on.
  std::size_t at_ = 0;
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
