#include <algorithm>
#include <array>

#include "audio/voice/cleaner.hpp"
#include "audio/voice/echo_delay.hpp"
#include "audio/voice/echo_meter.hpp"
#include "audio/voice/engines.hpp"
#include "audio/voice/far_history.hpp"
#include "audio/voice/linear_canceller.hpp"
#include "audio/voice/loudspeaker_model.hpp"
#include "audio/voice/path_selector.hpp"

namespace offhook::audio {
namespace {

using Block = std::array<std::int16_t, VoiceProcessor::block_samples>;

struct Stages {
  std::unique_ptr<LinearCanceller> linear;
  std::unique_ptr<Cleaner> deep;    // AEC3 on the microphone itself
  std::unique_ptr<Cleaner> gentle;  // AEC3 on what the linear stage leaves
  std::unique_ptr<Cleaner> noise;   // may be null
};

class DualProcessor final : public VoiceProcessor {
 public:
  DualProcessor(Stages stages, const Remedies& remedies)
      : stages_{std::move(stages)}, remedies_{remedies}, delay_{remedies} {}

  void process(std::span<const std::int16_t> far,
               std::span<const std::int16_t> near,
               std::span<std::int16_t> out) noexcept override {
    if (far.size() != block_samples || near.size() != block_samples ||
        out.size() != block_samples) {
      std::copy_n(near.begin(), std::min(near.size(), out.size()), out.begin());
      return;
    }
    process_block(ConstBlockView{far}, ConstBlockView{near}, BlockView{out});
  }

  [[nodiscard]] VoiceProcessorStats stats() const noexcept override {
    const bool known = delay_.known();
    return {.erle_db = meter_.erle_db(),
            .delay_ms = known ? delay_.milliseconds() : -1,
            .drift_ppm = known ? -delay_.slope() * 1e6 : 0,
            .double_talk = near_talks_};
  }

 private:
  void process_block(ConstBlockView far, ConstBlockView near, BlockView out) noexcept {
    Block microphone;
    std::ranges::copy(near, microphone.begin());
    history_.push(far);
    const auto event = delay_.push(far, near);
    if (event == EchoDelay::Event::found) {
      stages_.linear->reset();
      selector_.forget_leakage();
    }
    Block bent;
    std::ranges::copy(far, bent.begin());
    Block aligned{};
    Block linear = microphone;
    if (delay_.known()) {
      history_.read(delay_.samples() - FarHistory::margin, delay_.slope(), aligned);
      if (remedies_.loudspeaker) {
        loudspeaker_.push(aligned, microphone);
        loudspeaker_.apply(aligned);
        loudspeaker_.apply(bent);
      }
      stages_.linear->process(aligned, microphone, linear);
    }
    Block deep = microphone;
    const bool align = remedies_.drift && delay_.known();
    stages_.deep->process(align ? aligned : bent, deep);
    near_talks_ = selector_.near_talks(levels(aligned, microphone, linear, deep), delay_.known());
    stages_.gentle->process(bent, linear);
    fade(deep, linear, out);
    if (stages_.noise != nullptr) {
      stages_.noise->process(far, out);
    }
    meter_.push(far, microphone, out, near_talks_);
  }

  static PathSelector::Levels levels(ConstBlockView aligned,
                                     ConstBlockView microphone,
                                     ConstBlockView linear,
                                     ConstBlockView deep) noexcept {
    double echo = 0;
    for (std::size_t i = 0; i < block_samples; ++i) {
      const double removed = microphone[i] - linear[i];
      echo += removed * removed;
    }
    return {.far = energy(aligned),
            .echo = echo,
            .residual = energy(linear),
            .microphone = energy(microphone),
            .deep = energy(deep)};
  }

  /// Towards the near talker within a block, away within two.
  void fade(ConstBlockView deep, ConstBlockView gentle, BlockView out) noexcept {
    const float wanted = near_talks_ ? 1.0F : 0.0F;
    const float target = mix_ + std::clamp(wanted - mix_, -0.5F, 1.0F);
    for (std::size_t i = 0; i < block_samples; ++i) {
      const float part =
          mix_ + (target - mix_) * static_cast<float>(i) / static_cast<float>(block_samples);
      out[i] = static_cast<std::int16_t>(part * static_cast<float>(gentle[i]) +
                                         (1 - part) * static_cast<float>(deep[i]));
    }
    mix_ = target;
  }

  Stages stages_;
  Remedies remedies_;
  FarHistory history_;
  EchoDelay delay_;
  LoudspeakerModel loudspeaker_;
  PathSelector selector_;
  EchoMeter meter_;
  float mix_ = 0;
  bool near_talks_ = true;
};

}  // namespace

MadeProcessor make_dual_processor(const VoiceProcessorConfig& config, const Remedies& remedies) {
  Stages stages{.linear = LinearCanceller::create(),
                .deep = make_webrtc_cleaner({.echo = true}),
                .gentle = make_webrtc_cleaner({.echo = true}),
                .noise = make_noise_cleaner(config)};
  if (stages.linear == nullptr || stages.deep == nullptr || stages.gentle == nullptr) {
    return fail(Errc::internal, "echo canceller dual: the library refused to start");
  }
  return std::make_unique<DualProcessor>(std::move(stages), remedies);
}

}  // namespace offhook::audio
