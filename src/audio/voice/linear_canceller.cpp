#include "audio/voice/linear_canceller.hpp"

#include <speex/speex_echo.h>
#include <speex/speex_preprocess.h>

namespace offhook::audio {
namespace {

constexpr int filter_samples = VoiceProcessor::sample_rate_hz / 5;  // 200 ms

int noise_attenuation_db(NoiseSuppression strength) {
  switch (strength) {
    case NoiseSuppression::off: return 0;
    case NoiseSuppression::low: return -6;
    case NoiseSuppression::moderate: return -12;
    case NoiseSuppression::high: return -18;
  }
  return 0;
}

}  // namespace

std::unique_ptr<LinearCanceller> LinearCanceller::create() {
  std::unique_ptr<LinearCanceller> canceller{new LinearCanceller};
  constexpr int block = VoiceProcessor::block_samples;
  int rate = VoiceProcessor::sample_rate_hz;
  canceller->echo_ = speex_echo_state_init(block, filter_samples);
  canceller->residual_ = speex_preprocess_state_init(block, rate);
  if (canceller->echo_ == nullptr || canceller->residual_ == nullptr) {
    return nullptr;
  }
  speex_echo_ctl(canceller->echo_, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
  speex_preprocess_ctl(canceller->residual_, SPEEX_PREPROCESS_SET_ECHO_STATE, canceller->echo_);
  return canceller;
}

LinearCanceller::~LinearCanceller() {
  if (residual_ != nullptr) {
    speex_preprocess_state_destroy(residual_);
  }
  if (echo_ != nullptr) {
    speex_echo_state_destroy(echo_);
  }
}

void LinearCanceller::process(ConstBlockView far, ConstBlockView near, BlockView out) noexcept {
  speex_echo_cancellation(echo_, near.data(), far.data(), out.data());
}

void LinearCanceller::suppress_residual(BlockView out) noexcept {
  speex_preprocess_run(residual_, out.data());
}

void LinearCanceller::configure_residual(NoiseSuppression noise_suppression, bool gain) noexcept {
  int denoise = noise_suppression == NoiseSuppression::off ? 0 : 1;
  int noise_db = noise_attenuation_db(noise_suppression);
  int agc = gain ? 1 : 0;
  speex_preprocess_ctl(residual_, SPEEX_PREPROCESS_SET_DENOISE, &denoise);
  speex_preprocess_ctl(residual_, SPEEX_PREPROCESS_SET_NOISE_SUPPRESS, &noise_db);
  speex_preprocess_ctl(residual_, SPEEX_PREPROCESS_SET_AGC, &agc);
}

void LinearCanceller::reset() noexcept { speex_echo_state_reset(echo_); }

}  // namespace offhook::audio
