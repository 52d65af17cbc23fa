#include "audio/waveform_codec.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "audio/concealer.hpp"
#include "audio/resampler.hpp"

namespace offhook::audio {
namespace {

/// Brings 20 ms from one rate to another; copies when they are the same.
class FrameConverter {
 public:
  [[nodiscard]] static Result<FrameConverter> create(int from_hz, int to_hz) {
    FrameConverter converter{to_hz};
    if (from_hz != to_hz) {
      auto resampler = Resampler::create(from_hz, to_hz);
      if (!resampler) {
        return fail(std::move(resampler).error());
      }
      converter.resampler_.emplace(std::move(*resampler));
    }
    return converter;
  }

  void convert(std::span<const std::int16_t> in, Frame& out) noexcept {
    out.silence(to_hz_);
    if (resampler_) {
      resampler_->process(in, out.samples());
    } else {
      std::copy(in.begin(), in.end(), out.samples().begin());
    }
  }

 private:
  explicit FrameConverter(int to_hz) : to_hz_{to_hz} {}
  int to_hz_;
  std::optional<Resampler> resampler_;
};

class WaveformEncoder final : public Encoder {
 public:
  WaveformEncoder(std::unique_ptr<WaveformCodec> codec, FrameConverter converter, int audio_rate_hz)
      : codec_{std::move(codec)},
        converter_{std::move(converter)},
        frame_samples_{samples_per_frame(audio_rate_hz)} {}

  std::size_t encode(const Frame& frame, std::span<std::uint8_t> payload) noexcept override {
    if (frame.size != frame_samples_ || payload.size() < WaveformCodec::payload_bytes) {
      return 0;
    }
    converter_.convert(frame.samples(), native_);
    codec_->encode(native_.samples(), payload.first(WaveformCodec::payload_bytes));
    return WaveformCodec::payload_bytes;
  }

 private:
  std::unique_ptr<WaveformCodec> codec_;
  FrameConverter converter_;
  std::size_t frame_samples_;
  Frame native_;
};

class WaveformDecoder final : public Decoder {
 public:
  WaveformDecoder(std::unique_ptr<WaveformCodec> codec, FrameConverter converter)
      : codec_{std::move(codec)},
        converter_{std::move(converter)},
        concealer_{codec_->sample_rate_hz()} {
    native_.silence(codec_->sample_rate_hz());
  }

  bool decode(std::span<const std::uint8_t> payload, Frame& frame) noexcept override {
    if (payload.size() != WaveformCodec::payload_bytes) {
      conceal({}, frame);
      return false;
    }
    codec_->decode(payload, native_.samples());
    concealer_.received(native_.samples());
    converter_.convert(native_.samples(), frame);
    return true;
  }

  bool conceal(std::span<const std::uint8_t> /*next*/, Frame& frame) noexcept override {
    concealer_.lost(native_.samples());
    converter_.convert(native_.samples(), frame);
    return false;
  }

 private:
  std::unique_ptr<WaveformCodec> codec_;
  FrameConverter converter_;
  Concealer concealer_;
  Frame native_;
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_waveform_encoder(std::unique_ptr<WaveformCodec> codec,
                                                       int audio_rate_hz) {
  auto converter = FrameConverter::create(audio_rate_hz, codec->sample_rate_hz());
  if (!converter) {
    return fail(std::move(converter).error());
  }
  return std::make_unique<WaveformEncoder>(std::move(codec), std::move(*converter), audio_rate_hz);
}

Result<std::unique_ptr<Decoder>> make_waveform_decoder(std::unique_ptr<WaveformCodec> codec,
                                                       int audio_rate_hz) {
  auto converter = FrameConverter::create(codec->sample_rate_hz(), audio_rate_hz);
  if (!converter) {
    return fail(std::move(converter).error());
  }
  return std::make_unique<WaveformDecoder>(std::move(codec), std::move(*converter));
}

}  // namespace offhook::audio
