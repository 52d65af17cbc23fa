#include <array>

#include <modules/audio_processing/include/audio_processing.h>
#include <rtc_base/logging.h>

#include "audio/voice/cleaner.hpp"

namespace offhook::audio {
namespace {

using webrtc::AudioProcessing;

AudioProcessing::Config settings_for(const CleanerConfig& config) {
  using Level = AudioProcessing::Config::NoiseSuppression;
  AudioProcessing::Config settings;
  settings.pipeline.maximum_internal_processing_rate = 32'000;
  settings.high_pass_filter.enabled = true;
  settings.echo_canceller.enabled = config.echo;
  settings.noise_suppression.enabled = config.noise_suppression != NoiseSuppression::off;
  switch (config.noise_suppression) {
    case NoiseSuppression::off:
    case NoiseSuppression::low: settings.noise_suppression.level = Level::kLow; break;
    case NoiseSuppression::moderate: settings.noise_suppression.level = Level::kModerate; break;
    case NoiseSuppression::high: settings.noise_suppression.level = Level::kHigh; break;
  }
  settings.gain_controller2.enabled = config.gain;
  settings.gain_controller2.adaptive_digital.enabled = config.gain;
  return settings;
}

class WebrtcCleaner final : public Cleaner {
 public:
  explicit WebrtcCleaner(rtc::scoped_refptr<AudioProcessing> processing)
      : processing_{std::move(processing)} {}

  void process(ConstBlockView far, BlockView near) noexcept override {
    processing_->ProcessReverseStream(far.data(), format_, format_, unused_.data());
    processing_->ProcessStream(near.data(), format_, format_, near.data());
  }

 private:
  rtc::scoped_refptr<AudioProcessing> processing_;
  webrtc::StreamConfig format_{VoiceProcessor::sample_rate_hz, 1};
  std::array<std::int16_t, VoiceProcessor::block_samples> unused_{};
};

}  // namespace

std::unique_ptr<Cleaner> make_webrtc_cleaner(const CleanerConfig& config) {
  static const bool silent = [] {
    rtc::LogMessage::LogToDebug(rtc::LS_NONE);
    return true;
  }();
  static_cast<void>(silent);
  auto processing = webrtc::AudioProcessingBuilder().Create();
  if (processing == nullptr) {
    return nullptr;
  }
  processing->ApplyConfig(settings_for(config));
  auto cleaner = std::make_unique<WebrtcCleaner>(std::move(processing));
  // The library sets itself up for the format with the first block, and allocates for it.
  std::array<std::int16_t, VoiceProcessor::block_samples> silence{};
  cleaner->process(silence, silence);
  return cleaner;
}

}  // namespace offhook::audio
