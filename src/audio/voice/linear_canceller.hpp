#pragma once

#include <array>
#include <memory>

#include "audio/voice/cleaner.hpp"

struct SpeexEchoState_;
struct SpeexPreprocessState_;

namespace offhook::audio {

/// Subtracts what an adaptive filter of 200 ms makes of `far` (speexdsp's multidelay block filter).
/// Nothing else is taken away, so the near talker stays whole. One thread at a time.
class LinearCanceller {
 public:
  /// @return null without memory for it.
  [[nodiscard]] static std::unique_ptr<LinearCanceller> create();
  ~LinearCanceller();
  LinearCanceller(const LinearCanceller&) = delete;
  LinearCanceller& operator=(const LinearCanceller&) = delete;

  /// @param far  Aligned: its echo begins 0 to 150 ms later in `near`.
  /// @param out  Not the memory of `near`.
  void process(ConstBlockView far, ConstBlockView near, BlockView out) noexcept;

  /// Suppresses what is left of the echo, by the filter's own estimate of it, and noise.
  void suppress_residual(BlockView out) noexcept;
  void configure_residual(NoiseSuppression noise_suppression, bool gain) noexcept;

  /// Forgets the filter.
  void reset() noexcept;

 private:
  LinearCanceller() = default;
  SpeexEchoState_* echo_ = nullptr;
  SpeexPreprocessState_* residual_ = nullptr;
};

}  // namespace offhook::audio
