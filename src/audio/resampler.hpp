#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.hpp"

struct SpeexResamplerState_;

namespace offhook::audio {

/// Streaming sample-rate conversion (speexdsp, quality 3: a delay of 24 samples of the lower rate).
/// One thread at a time.
class Resampler {
 public:
  /// @return `Errc::unsupported` when a rate is outside 1 to 768 kHz.
  [[nodiscard]] static Result<Resampler> create(int from_hz, int to_hz);

  /// Converts a block. Does not allocate.
  /// @return samples written to `out`; input beyond what fits is dropped, so give `out` room for
  ///         `in.size() * to / from + 1`.
  std::size_t process(std::span<const std::int16_t> in, std::span<std::int16_t> out) noexcept;

  /// Makes `ppm` parts per million less sound out of the same input (more, when negative), from the
  /// next block on and without a click; in steps of 17 ppm. May allocate the first time.
  void shorten(int ppm) noexcept;

  /// Drops the silence that the delay puts before the first sample. Before `process` only; the end
  /// of the sound then needs `delay_samples()` of silence to come out.
  void skip_delay() noexcept;
  /// The delay, in samples of the input.
  [[nodiscard]] std::size_t delay_samples() const noexcept;

 private:
  struct Release {
    void operator()(SpeexResamplerState_* state) const noexcept;
  };
  Resampler(SpeexResamplerState_* state, int from_hz, int to_hz)
      : state_{state}, from_hz_{from_hz}, to_hz_{to_hz} {}
  std::unique_ptr<SpeexResamplerState_, Release> state_;
  int from_hz_;
  int to_hz_;
};

/// Converts a whole sound at once; the converter's delay is removed.
[[nodiscard]] Result<std::vector<std::int16_t>> resample(std::span<const std::int16_t> in,
                                                         int from_hz,
                                                         int to_hz);

}  // namespace offhook::audio
