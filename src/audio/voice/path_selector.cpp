#include "audio/voice/path_selector.hpp"

#include <algorithm>

namespace offhook::audio {
namespace {

constexpr double threshold = 7.94;  // 9 dB over the leakage
constexpr double most_leakage = 0.3;
constexpr int hang_blocks = 12;
constexpr auto block = static_cast<double>(VoiceProcessor::block_samples);
constexpr double far_floor = 3 * block * 30 * 30;
constexpr double echo_floor = block * 20 * 20;

}  // namespace

bool PathSelector::near_talks(const Levels& levels, bool linear_works) noexcept {
  far_ = 0.9 * far_ + levels.far;
  echo_ = 0.7 * echo_ + levels.echo;
  residual_ = 0.7 * residual_ + levels.residual;
  const bool far_talks = far_ > far_floor;
  bool near = !far_talks;
  if (far_talks && linear_works) {
    const double ratio = residual_ / (echo_ + echo_floor);
    // Falls fast to a better filter, and rises slowly, so that talk does not count as leakage.
    leakage_ += ratio < leakage_ ? 0.05 * (ratio - leakage_)
                                 : std::min(0.004 * (ratio - leakage_), 0.002 * leakage_);
    near = ratio > threshold * leakage_ && leakage_ < most_leakage;
  }
  if (near) {
    hang_ = hang_blocks;
    return true;
  }
  hang_ = std::max(0, hang_ - 1);
  return hang_ > 0;
}

}  // namespace offhook::audio
