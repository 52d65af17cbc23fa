#include "sim/speaker.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace offhook::sim {
namespace {

float level_dbfs(std::span<const std::int16_t> samples) noexcept {
  if (samples.empty()) {
    return -90;
  }
  float energy = 0;
  for (const std::int16_t sample : samples) {
    const auto value = static_cast<float>(sample);
    energy += value * value;
  }
  return 10 * std::log10(energy / static_cast<float>(samples.size()) + 1e-3F) - 90.3F;
}

}  // namespace

Speaker::Speaker() = default;

void Speaker::exchange(const audio::Frame& received, audio::Frame& to_send) noexcept {
  fill(to_send);
  CallerFrame caller;
  const auto samples = received.samples();
  std::copy_n(samples.begin(), std::min(samples.size(), caller.samples.size()),
              caller.samples.begin());
  const auto sent = to_send.samples();
  std::copy_n(sent.begin(), std::min(sent.size(), caller.sent.size()), caller.sent.begin());
  caller.sent_dbfs = level_dbfs(to_send.samples());
  if (!heard_.push(caller)) {
    missed_.fetch_add(1, std::memory_order_relaxed);
  }
}

void Speaker::fill(audio::Frame& to_send) noexcept {
  const auto room = to_send.samples();
  std::size_t filled = 0;
  while (filled < room.size()) {
    if (current_ == nullptr && !next_clip()) {
      break;
    }
    const auto& samples = current_->samples;
    const bool cleared = current_->number <= clear_through_.load(std::memory_order_acquire);
    if (cleared || offset_ == samples.size()) {
      current_ = nullptr;
      continue;
    }
    const std::size_t count = std::min(room.size() - filled, samples.size() - offset_);
    std::copy_n(samples.data() + offset_, count, room.data() + filled);
    filled += count;
    offset_ += static_cast<std::uint32_t>(count);
  }
  publish();
}

bool Speaker::next_clip() noexcept {
  if (!queue_.pop(current_)) {
    return false;
  }
  current_number_ = current_->number;
  offset_ = 0;
  return true;
}

void Speaker::publish() noexcept {
  progress_.store((std::uint64_t{current_number_} << 32U) | offset_, std::memory_order_release);
}

void Speaker::play(std::uint32_t utterance, std::vector<std::int16_t> samples) {
  if (samples.empty()) {
    return;
  }
  clips_.push_back(std::make_unique<Clip>(Clip{++last_number_, utterance, std::move(samples)}));
  queue_waiting();
}

void Speaker::queue_waiting() {
  while (queued_ < clips_.size() && queue_.push(clips_[queued_].get())) {
    ++queued_;
  }
}

void Speaker::clear() { clear_through_.store(last_number_, std::memory_order_release); }

void Speaker::collect() {
  // The media thread has let go of every clip before the one it published.
  const auto current = static_cast<std::uint32_t>(progress_.load(std::memory_order_acquire) >> 32U);
  while (!clips_.empty() && clips_.front()->number < current) {
    finished_[clips_.front()->utterance] += clips_.front()->samples.size();
    clips_.pop_front();
    --queued_;
  }
  queue_waiting();
}

std::size_t Speaker::played_samples(std::uint32_t utterance) const {
  const std::uint64_t progress = progress_.load(std::memory_order_acquire);
  const auto current = static_cast<std::uint32_t>(progress >> 32U);
  const auto freed = finished_.find(utterance);
  std::size_t played = freed == finished_.end() ? 0 : freed->second;
  for (const auto& clip : clips_) {
    if (clip->number > current) {
      break;
    }
    if (clip->utterance == utterance) {
      played += clip->number < current ? clip->samples.size() : (progress & 0xFFFF'FFFFU);
    }
  }
  return played;
}

}  // namespace offhook::sim
