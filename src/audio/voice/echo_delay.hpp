#pragma once

#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <optional>
#include <vector>

#include "audio/fft.hpp"
#include "audio/voice/cleaner.hpp"
#include "audio/voice/remedies.hpp"

namespace offhook::audio {

/// Low-pass filter and decimation from 16 to 4 kHz.
class QuarterRate {
 public:
  static constexpr std::size_t block_samples = VoiceProcessor::block_samples / 4;
  QuarterRate();
  void process(ConstBlockView in, std::span<float, block_samples> out) noexcept;

 private:
  static constexpr std::size_t taps = 48;
  std::array<float, taps> filter_{};
  std::array<float, taps - 4 + VoiceProcessor::block_samples> history_{};
};

/// Finds where the loudspeaker comes back in the microphone, follows it through jumps, and follows
/// the drift between the clocks of the two devices to a fraction of a sample.
///
/// The cross spectrum of the last half second is taken at 4 kHz every 80 ms. Its weighted inverse
/// transform (GCC-PHAT) shows the delay as a peak. The drift is seen as a phase that turns, against
/// an average of the spectra so far, and steers a second-order loop. A jump is
/// believed when seen twice.
class EchoDelay {
 public:
  /// What a block told.
  enum class Event {
    none,
    found,  ///< The delay was unknown, or is not to be told from unknown, and is known now.
    jumped  ///< The delay changed at once, and so has `lag`.
  };

  explicit EchoDelay(const Remedies& remedies = {});

  [[nodiscard]] Event push(ConstBlockView far, ConstBlockView near) noexcept;

  [[nodiscard]] bool known() const noexcept { return known_; }
  /// From far to its first strong echo, in samples of 16 kHz, for the latest block.
  [[nodiscard]] double samples() const noexcept { return delay_; }
  [[nodiscard]] int milliseconds() const noexcept {
    return static_cast<int>(std::lround(delay_ * 1'000 / VoiceProcessor::sample_rate_hz));
  }
  /// Growth of the delay, in samples per sample.
  [[nodiscard]] double slope() const noexcept { return slope_; }

 private:
  static constexpr std::size_t window = 4'096;       // of far, 1.024 s
  static constexpr std::size_t near_window = 2'048;  // of near, and the longest delay: 0.5 s
  using Spectrum = std::vector<std::complex<float>>;

  struct Peak {
    double delay = 0;     // samples of 16 kHz
    double strength = 0;  // over the root mean square of all delays
  };

  void advance() noexcept;
  /// @return false when it is too quiet.
  [[nodiscard]] bool transform() noexcept;
  /// Generalised cross-correlation into `work_`.
  void weigh() noexcept;
  [[nodiscard]] Peak find_peak() noexcept;
  [[nodiscard]] Event judge(const Peak& peak) noexcept;
  void follow_drift() noexcept;

  [[nodiscard]] std::size_t hop_blocks() const noexcept;

  Remedies remedies_;
  Fft fft_{window};
  QuarterRate far_filter_;
  QuarterRate near_filter_;
  std::vector<float> far_;  // rings of `window`
  std::vector<float> near_;
  std::size_t at_ = 0;
  std::size_t blocks_ = 0;

  Spectrum work_;
  Spectrum cross_;   // of the latest window
  Spectrum smooth_;  // of the last few
  std::vector<float> far_power_;
  std::vector<float> near_power_;
  Spectrum reference_;  // average with the delay taken out
  bool have_reference_ = false;
  int strangers_ = 0;  // windows that do not resemble the reference

  bool known_ = false;
  double delay_ = 0;
  double slope_ = 0;
  std::optional<double> candidate_;
};

}  // namespace offhook::audio
