#include <algorithm>

#include "audio/voice/cleaner.hpp"
#include "audio/voice/engines.hpp"

namespace offhook::audio {
namespace {

/// Noise suppression and gain without echo cancellation.
class PlainProcessor final : public VoiceProcessor {
 public:
  explicit PlainProcessor(std::unique_ptr<Cleaner> noise) : noise_{std::move(noise)} {}

  void process(std::span<const std::int16_t>,
               std::span<const std::int16_t> near,
               std::span<std::int16_t> out) noexcept override {
    if (near.size() > out.size()) {
      near = near.first(out.size());
    }
    std::ranges::copy(near, out.begin());
    if (noise_ != nullptr && out.size() == block_samples) {
      static constexpr std::array<std::int16_t, block_samples> silence{};
      noise_->process(silence, BlockView{out});
    }
  }

  [[nodiscard]] VoiceProcessorStats stats() const noexcept override {
    return {.double_talk = true};
  }

 private:
  std::unique_ptr<Cleaner> noise_;
};

}  // namespace

MadeProcessor make_plain_processor(const VoiceProcessorConfig& config) {
  return std::make_unique<PlainProcessor>(make_noise_cleaner(config));
}

}  // namespace offhook::audio
