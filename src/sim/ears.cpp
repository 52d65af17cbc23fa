#include "sim/ears.hpp"

#include <algorithm>

namespace offhook::sim {
namespace {

constexpr float echo_margin_db = 22;
constexpr float decay_db_per_frame = 0.4F;
constexpr float quiet_dbfs = -60;  // a model below this leaves no echo worth guarding against

}  // namespace

void Ears::configure(std::optional<TurnSettings> settings) {
  settings_ = settings;
  settings_changed_ = true;
  if (!detector_ || !detector_->speaking() || !settings_) {
    apply_settings();
  }
}

void Ears::apply_settings() {
  settings_changed_ = false;
  detector_.reset();
  detector_from_ms_ = audio_ms_;
  if (settings_) {
    audio::TurnDetectorConfig config;
    config.threshold = settings_->threshold;
    config.prefix_padding_ms = settings_->prefix_padding_ms;
    config.silence_duration_ms = settings_->silence_duration_ms;
    detector_.emplace(config);
  }
}

bool Ears::is_echo(float sent_dbfs) noexcept {
  model_dbfs_ = std::max(sent_dbfs, model_dbfs_ - decay_db_per_frame);
  return model_dbfs_ > quiet_dbfs && activity_.level_dbfs() < model_dbfs_ - echo_margin_db;
}

audio::TurnEvent Ears::hear(const CallerFrame& frame) noexcept {
  audio::Frame sound;
  sound.size = static_cast<std::uint16_t>(frame.samples.size());
  std::copy(frame.samples.begin(), frame.samples.end(), sound.storage.begin());
  float probability = activity_.process(sound, voice_rate_hz);
  if (is_echo(frame.sent_dbfs)) {
    probability = 0;
  }
  audio_ms_ += static_cast<int>(audio::frame_duration.count());
  if (!detector_) {
    return {};
  }
  audio::TurnEvent event = detector_->push(probability);
  event.audio_ms += detector_from_ms_;
  if (settings_changed_ && !detector_->speaking()) {
    apply_settings();
  }
  return event;
}

}  // namespace offhook::sim
