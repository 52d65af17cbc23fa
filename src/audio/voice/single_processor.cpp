#include <algorithm>
#include <array>

#include "audio/voice/cleaner.hpp"
#include "audio/voice/echo_delay.hpp"
#include "audio/voice/echo_meter.hpp"
#include "audio/voice/engines.hpp"
#include "audio/voice/far_history.hpp"
#include "audio/voice/linear_canceller.hpp"

namespace offhook::audio {
namespace {

using Block = std::array<std::int16_t, VoiceProcessor::block_samples>;

/// One canceller, which may need the far signal aligned with its echo.
class SingleProcessor : public VoiceProcessor {
 public:
  void process(std::span<const std::int16_t> far,
               std::span<const std::int16_t> near,
               std::span<std::int16_t> out) noexcept final {
    if (far.size() != block_samples || near.size() != block_samples ||
        out.size() != block_samples) {
      std::copy_n(near.begin(), std::min(near.size(), out.size()), out.begin());
      return;
    }
    Block microphone;
    std::ranges::copy(near, microphone.begin());
    const ConstBlockView far_block{far};
    const auto event = delay_.push(far_block, microphone);
    cancel(far_block, microphone, BlockView{out}, event == EchoDelay::Event::found);
    meter_.push(far_block, microphone, ConstBlockView{out}, false);
  }

  [[nodiscard]] VoiceProcessorStats stats() const noexcept final {
    const bool known = delay_.known();
    return {.erle_db = meter_.erle_db(),
            .delay_ms = known ? delay_.milliseconds() : -1,
            .drift_ppm = known ? -delay_.slope() * 1e6 : 0};
  }

 protected:
  virtual void cancel(ConstBlockView far,
                      ConstBlockView near,
                      BlockView out,
                      bool delay_found) noexcept = 0;
  [[nodiscard]] const EchoDelay& delay() const noexcept { return delay_; }

 private:
  EchoDelay delay_;
  EchoMeter meter_;
};

class Aec3Processor final : public SingleProcessor {
 public:
  explicit Aec3Processor(std::unique_ptr<Cleaner> cleaner) : cleaner_{std::move(cleaner)} {}

 private:
  void cancel(ConstBlockView far, ConstBlockView near, BlockView out, bool) noexcept override {
    std::ranges::copy(near, out.begin());
    cleaner_->process(far, out);
  }

  std::unique_ptr<Cleaner> cleaner_;
};

class SpeexProcessor final : public SingleProcessor {
 public:
  explicit SpeexProcessor(std::unique_ptr<LinearCanceller> canceller)
      : canceller_{std::move(canceller)} {}

 private:
  void cancel(ConstBlockView far,
              ConstBlockView near,
              BlockView out,
              bool delay_found) noexcept override {
    history_.push(far);
    if (delay_found) {
      canceller_->reset();
    }
    // Without a delay the filter sees silence, and the noise suppressor still works.
    Block aligned{};
    if (delay().known()) {
      history_.read(delay().samples() - FarHistory::margin, delay().slope(), aligned);
    }
    canceller_->process(aligned, near, out);
    canceller_->suppress_residual(out);
  }

  std::unique_ptr<LinearCanceller> canceller_;
  FarHistory history_;
};

}  // namespace

MadeProcessor make_aec3_processor(const VoiceProcessorConfig& config) {
  auto cleaner = make_webrtc_cleaner(
      {.echo = true, .noise_suppression = config.noise_suppression, .gain = config.gain});
  if (cleaner == nullptr) {
    return fail(Errc::internal, "echo canceller aec3: the library refused to start");
  }
  return std::make_unique<Aec3Processor>(std::move(cleaner));
}

MadeProcessor make_speex_processor(const VoiceProcessorConfig& config) {
  auto canceller = LinearCanceller::create();
  if (canceller == nullptr) {
    return fail(Errc::internal, "echo canceller speex: out of memory");
  }
  canceller->configure_residual(config.noise_suppression, config.gain);
  return std::make_unique<SpeexProcessor>(std::move(canceller));
}

}  // namespace offhook::audio
