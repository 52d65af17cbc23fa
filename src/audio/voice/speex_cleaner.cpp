#include <speex/speex_preprocess.h>

#include "audio/voice/cleaner.hpp"
#include "audio/voice/engines.hpp"
#include "base/c_handle.hpp"

namespace offhook::audio {
namespace {

using PreprocessHandle = CHandle<SpeexPreprocessState, speex_preprocess_state_destroy>;

int attenuation_db(NoiseSuppression strength) {
  switch (strength) {
    case NoiseSuppression::off: return 0;
    case NoiseSuppression::low: return -6;
    case NoiseSuppression::moderate: return -12;
    case NoiseSuppression::high: return -18;
  }
  return 0;
}

class SpeexCleaner final : public Cleaner {
 public:
  explicit SpeexCleaner(PreprocessHandle state) : state_{std::move(state)} {}
  void process(ConstBlockView, BlockView near) noexcept override {
    speex_preprocess_run(state_.get(), near.data());
  }

 private:
  PreprocessHandle state_;
};

}  // namespace

std::unique_ptr<Cleaner> make_speex_cleaner(const CleanerConfig& config) {
  PreprocessHandle state{speex_preprocess_state_init(
      static_cast<int>(VoiceProcessor::block_samples), VoiceProcessor::sample_rate_hz)};
  if (!state) {
    return nullptr;
  }
  int denoise = config.noise_suppression == NoiseSuppression::off ? 0 : 1;
  int noise_db = attenuation_db(config.noise_suppression);
  int gain = config.gain ? 1 : 0;
  speex_preprocess_ctl(state.get(), SPEEX_PREPROCESS_SET_DENOISE, &denoise);
  speex_preprocess_ctl(state.get(), SPEEX_PREPROCESS_SET_NOISE_SUPPRESS, &noise_db);
  speex_preprocess_ctl(state.get(), SPEEX_PREPROCESS_SET_AGC, &gain);
  return std::make_unique<SpeexCleaner>(std::move(state));
}

std::unique_ptr<Cleaner> make_noise_cleaner(const VoiceProcessorConfig& config) {
  const CleanerConfig wanted{.noise_suppression = config.noise_suppression, .gain = config.gain};
  if (wanted.noise_suppression == NoiseSuppression::off && !wanted.gain) {
    return nullptr;
  }
  return have_webrtc ? make_webrtc_cleaner(wanted) : make_speex_cleaner(wanted);
}

}  // namespace offhook::audio
