#include "audio/voice/path_selector.hpp"

#include <algorithm>

namespace offhook::audio {
namespace {

constexpr double threshold = 7.94;  // 9 dB over the leakage
constexpr double most_leakage = 0.3;
/// A wire leaks nothing: what little moves then is no talker.
constexpr double least_leakage = 0.001;
constexpr double nothing_left = 1e-4;  // of the microphone's energy
constexpr int hang_blocks = 12;
constexpr auto block = static_cast<double>(VoiceProcessor::block_samples);
constexpr double far_floor = 3 * block * 30 * 30;
constexpr double echo_floor = block * 20 * 20;

}  // namespace

bool PathSelector::near_talks(const Levels& levels, bool linear_works) noexcept {
  far_ = 0.9 * far_ + levels.far;
  echo_ = 0.7 * echo_ + levels.echo;
  residual_ = 0.7 * residual_ + levels.residual;
  microphone_ = 0.9 * microphone_ + levels.microphone;
  deep_ = 0.9 * deep_ + levels.deep;
  const bool far_talks = far_ > far_floor;
  if (!far_talks) {
    hang_ = 0;  // how the far voice begins is measured, not held over from the silence before
    return true;
  }
  bool near = false;
  if (linear_works) {
    const double ratio = residual_ / (echo_ + echo_floor);
    // Falls fast to a better filter, and rises slowly, so that talk does not count as leakage.
    leakage_ += ratio < leakage_ ? 0.05 * (ratio - leakage_)
                                 : std::min(0.004 * (ratio - leakage_), 0.002 * leakage_);
    near = ratio > threshold * std::max(leakage_, least_leakage) && leakage_ < most_leakage;
  }
  if (deep_ < nothing_left * microphone_) {
    near = false;
    hang_ = 0;
  }
  if (near) {
    hang_ = hang_blocks;
    return true;
  }
  hang_ = std::max(0, hang_ - 1);
  return hang_ > 0;
}

}  // namespace offhook::audio
