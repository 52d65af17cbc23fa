#pragma once

#include "audio/voice/cleaner.hpp"

namespace offhook::audio {

/// Decides, block by block, whether the near talker is heard over the echo.
///
/// What the linear stage leaves is compared with what it took away. Without a near talker that
/// ratio stays at the room's own leakage, which is tracked; well above it somebody talks. Unless
/// AEC3 leaves nothing at all: then it is the linear stage that does not fit.
class PathSelector {
 public:
  struct Levels {
    double far = 0;       ///< Energy of the aligned far block.
    double echo = 0;      ///< Of what the linear stage took away.
    double residual = 0;  ///< Of what it left.
    double microphone = 0;
    double deep = 0;  ///< Of what AEC3 left of the microphone.
  };

  /// @param linear_works  False while the linear stage has no delay to work with.
  /// @return true when the near talker may be talking: take the path that keeps him.
  [[nodiscard]] bool near_talks(const Levels& levels, bool linear_works) noexcept;

  void forget_leakage() noexcept { leakage_ = 1; }

 private:
  double far_ = 0;
  double echo_ = 0;
  double residual_ = 0;
  double microphone_ = 0;
  double deep_ = 0;
  double leakage_ = 1;
  int hang_ = 0;
};

}  // namespace offhook::audio
