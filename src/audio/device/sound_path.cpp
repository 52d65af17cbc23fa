#include "audio/device/sound_path.hpp"

#include <algorithm>
#include <utility>

namespace offhook::audio {
namespace {

constexpr double media_block_ms = 20;
constexpr double device_block_ms = 10;
constexpr std::size_t ring_samples = device_rate_hz * 4 / 10;
/// More than what a server holds for the loudspeaker, also once it has learnt to hold more. A lead
/// that never falls below it is left over from a microphone that stood still.
constexpr std::size_t most_played_ahead = 8 * device_block_samples;
constexpr int lead_blocks = 100;  // 1 s
constexpr std::size_t far_cushion_samples = device_rate_hz * 3 / 1'000;

}  // namespace

Result<std::unique_ptr<SoundPath>> SoundPath::create(int rate_hz,
                                                     const VoiceProcessorConfig& voice) {
  std::array<std::unique_ptr<VoiceProcessor>, 2> processors;
  std::array configs{voice, voice};
  configs[1].engine = VoiceEngine::off;
  for (std::size_t i = 0; i < configs.size(); ++i) {
    if (configs[i].does_something()) {
      auto made = make_voice_processor(configs[i]);
      if (!made) {
        return fail(std::move(made).error());
      }
      processors[i] = std::move(*made);
    }
  }
  return create(rate_hz, std::move(processors[0]), std::move(processors[1]));
}

Result<std::unique_ptr<SoundPath>> SoundPath::create(int rate_hz,
                                                     std::unique_ptr<VoiceProcessor> processor,
                                                     std::unique_ptr<VoiceProcessor> without_echo) {
  const int microphone_hz = processor ? VoiceProcessor::sample_rate_hz : device_rate_hz;
  auto to_device = ClockBridge::create(rate_hz, device_rate_hz, media_block_ms);
  auto to_call = ClockBridge::create(microphone_hz, rate_hz, device_block_ms);
  auto near_down = Resampler::create(device_rate_hz, VoiceProcessor::sample_rate_hz);
  auto far_down = Resampler::create(device_rate_hz, VoiceProcessor::sample_rate_hz);
  if (!to_device) {
    return fail(std::move(to_device).error());
  }
  if (!to_call) {
    return fail(std::move(to_call).error());
  }
  if (!near_down || !far_down) {
    return fail(Errc::internal, "resampler: no memory");
  }
  return std::unique_ptr<SoundPath>{
      new SoundPath{rate_hz, std::move(processor), std::move(without_echo), std::move(*to_device),
                    std::move(*to_call), std::move(*near_down), std::move(*far_down)}};
}

SoundPath::SoundPath(int rate_hz,
                     std::unique_ptr<VoiceProcessor> processor,
                     std::unique_ptr<VoiceProcessor> without_echo,
                     std::unique_ptr<ClockBridge> to_device,
                     std::unique_ptr<ClockBridge> to_call,
                     Resampler near_down,
                     Resampler far_down)
    : rate_hz_{rate_hz},
      processor_{std::move(processor)},
      without_echo_{std::move(without_echo)},
      to_device_{std::move(to_device)},
      to_call_{std::move(to_call)},
      captured_{ring_samples},
      played_{ring_samples},
      near_down_{std::move(near_down)},
      far_down_{std::move(far_down)} {}

void SoundPath::captured(std::span<const std::int16_t> samples) noexcept {
  captured_.write(samples);
}

void SoundPath::play(std::span<std::int16_t> samples) noexcept { play_at(samples, Clock::now()); }

void SoundPath::play_at(std::span<std::int16_t> samples, Clock::time_point now) noexcept {
  to_device_->read(samples, now);
  if (processor_) {
    played_.write(samples);
  }
}

void SoundPath::exchange(const Frame& received, Frame& to_send, Clock::time_point now) noexcept {
  received_.push(received);
  to_send.silence(rate_hz_);
  to_call_->read(to_send.samples(), now);
}

void SoundPath::work(Clock::time_point now) noexcept {
  for (Frame frame; received_.pop(frame);) {
    to_device_->write(frame.samples(), now);
  }
  while (captured_.size() >= device_block_samples) {
    process_block(now);
  }
}

/// The lead of the loudspeaker's sound swings by the pieces in which a server asks for it: only its
/// least value over a second tells that sound is in the ring which will never be needed. What is
/// skipped is a jump for the canceller.
void SoundPath::follow_lead(std::size_t ahead) noexcept {
  least_lead_ = std::min(least_lead_, ahead);
  if (++lead_blocks_seen_ < lead_blocks) {
    return;
  }
  if (least_lead_ > most_played_ahead) {
    played_.skip(least_lead_ - device_block_samples);
    far_skips_.fetch_add(1, std::memory_order_relaxed);
  }
  least_lead_ = most_lead;
  lead_blocks_seen_ = 0;
}

/// The loudspeaker's sound of the same 10 ms is often handed over a moment after the microphone's.
/// Nobody waits for it: the canceller finds any delay, so from then on it reads that much earlier
/// sound, and the echo of what was not handed over yet cannot be in the microphone.
///
/// @param captured  What waited of the microphone's sound, this block included.
void SoundPath::take_played(DeviceBlock& block, std::size_t captured) noexcept {
  follow_lead(played_.size() - std::min(played_.size(), captured));
  std::size_t count = std::min(played_.size(), block.size());
  if (count < block.size() && count > 0 && !far_cushioned_) {
    far_cushioned_ = true;  // at once enough for usual jitter: each change costs some adaptation
    count -= std::min(count, far_cushion_samples);
  }
  count = played_.read(std::span{block}.first(count));
  std::fill(block.begin() + static_cast<std::ptrdiff_t>(count), block.end(), std::int16_t{0});
}

void SoundPath::process_block(Clock::time_point now) noexcept {
  const std::size_t captured = captured_.size();
  DeviceBlock near_wide;
  captured_.read(near_wide);
  if (!processor_) {
    to_call_->write(near_wide, now);
    return;
  }
  DeviceBlock far_wide;
  take_played(far_wide, captured);
  VoiceBlock near{};
  VoiceBlock far{};
  near_down_.process(near_wide, near);
  far_down_.process(far_wide, far);
  if (echo_removed_.load(std::memory_order_relaxed)) {
    if (without_echo_) {
      without_echo_->process(far, near, near);
    }
  } else {
    processor_->process(far, near, near);
    const VoiceProcessorStats stats = processor_->stats();
    erle_db_.store(stats.erle_db, std::memory_order_relaxed);
    echo_delay_ms_.store(stats.delay_ms, std::memory_order_relaxed);
  }
  to_call_->write(near, now);
}

}  // namespace offhook::audio
