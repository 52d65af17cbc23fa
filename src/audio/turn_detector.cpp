#include "audio/turn_detector.hpp"

#include <algorithm>

#include "audio/frame.hpp"

namespace offhook::audio {
namespace {

constexpr int frame_ms = static_cast<int>(frame_duration.count());
constexpr float threshold_within_turn = 0.7F;

}  // namespace

TurnEvent TurnDetector::push(float probability) noexcept {
  audio_ms_ += frame_ms;
  const float threshold = config_.threshold * (speaking_ ? threshold_within_turn : 1.F);
  const bool speech = probability >= threshold;
  if (speaking_) {
    silence_ms_ = speech ? 0 : silence_ms_ + frame_ms;
    if (silence_ms_ < config_.silence_duration_ms || speech) {
      return {};
    }
    speaking_ = false;
    speech_ms_ = 0;
    return {TurnEvent::Kind::stopped, audio_ms_};
  }
  speech_ms_ = speech ? speech_ms_ + frame_ms : std::max(0, speech_ms_ - frame_ms);
  if (speech_ms_ < config_.start_ms || !speech) {
    return {};
  }
  const int began_ms = audio_ms_ - speech_ms_;
  speaking_ = true;
  silence_ms_ = 0;
  return {TurnEvent::Kind::started, std::max(0, began_ms - config_.prefix_padding_ms)};
}

}  // namespace offhook::audio
