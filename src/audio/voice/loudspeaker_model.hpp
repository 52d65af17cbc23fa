#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <vector>

#include "audio/fft.hpp"
#include "audio/voice/cleaner.hpp"

namespace offhook::audio {

/// How a loudspeaker that is driven beyond its limit bends the sound: straight, or one of some
/// saturation curves, which differ in the limit and in how suddenly it is reached.
///
/// Cancellers assume a linear path, and what a bent sound leaves of that assumption passes them. So
/// the far signal is bent first, with the curve whose result is most coherent with the microphone.
/// Every half second, all curves are tried on the same half second, one per block.
class LoudspeakerModel {
 public:
  LoudspeakerModel();

  /// @param aligned  The far signal, straight, as it comes in at this time in `near`.
  void push(ConstBlockView aligned, ConstBlockView near) noexcept;

  /// Bends a block as the loudspeaker does.
  void apply(BlockView far) const noexcept;

  /// Level, of full scale 1, that the curve in use does not pass; 0 for none.
  [[nodiscard]] double limit() const noexcept;

 private:
  static constexpr std::size_t window = 2'048;  // at 4 kHz, 0.5 s
  static constexpr std::size_t limits = 4;
  static constexpr std::size_t curves = 1 + 2 * limits;
  static constexpr std::size_t steps = 256;  // of a curve from 0 to full scale
  static constexpr std::size_t low_bin = 50;
  static constexpr std::size_t high_bin = 850;  // 1.66 kHz
  using Curve = std::array<float, steps + 2>;
  using Spectrum = std::vector<std::complex<float>>;

  [[nodiscard]] static float bend(const Curve& curve, float sample) noexcept;
  /// Spectrum of a second half of a snapshot, at 4 kHz, into `work_`.
  void transform(const std::vector<float>& sound, const Curve& curve) noexcept;
  void try_curve(std::size_t number) noexcept;
  void choose() noexcept;

  Fft fft_{window};
  std::array<Curve, curves> curves_{};
  std::vector<float> window_shape_;
  std::vector<float> filter_;
  std::vector<float> far_;  // rings at 16 kHz
  std::vector<float> near_;
  std::size_t at_ = 0;
  std::size_t blocks_ = 0;
  std::vector<float> snapshot_far_;
  std::vector<float> snapshot_near_;
  bool trying_ = false;
  std::size_t next_curve_ = 0;

  Spectrum work_;
  Spectrum near_spectrum_;
  std::vector<float> near_power_;
  struct Candidate {
    Spectrum cross;
    std::vector<float> power;
    double incoherent = 1;  // share of the microphone that the bent far signal does not explain
  };
  std::array<Candidate, curves> candidates_;
  int rounds_ = 0;
  std::size_t used_ = 0;
};

}  // namespace offhook::audio
