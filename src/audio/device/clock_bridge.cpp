#include "audio/device/clock_bridge.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

namespace offhook::audio {
namespace {

constexpr int capacity_ms = 400;
constexpr int most_at_once_ms = 50;
/// Less is corrected by stretching, which nobody hears.
constexpr double excess_ms = 40;
/// One step of the correction. Each costs the resampler a new table of its filter.
constexpr int ppm_step = 10;

double ms_between(ClockBridge::Clock::time_point from, ClockBridge::Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

}  // namespace

Result<std::unique_ptr<ClockBridge>> ClockBridge::create(int from_hz, int to_hz, double block_ms) {
  auto resampler = Resampler::create(from_hz, to_hz);
  if (!resampler) {
    return fail(std::move(resampler).error());
  }
  return std::unique_ptr<ClockBridge>{
      new ClockBridge{std::move(*resampler), from_hz, to_hz, block_ms}};
}

ClockBridge::ClockBridge(Resampler resampler, int from_hz, int to_hz, double block_ms)
    : samples_per_ms_{to_hz / 1'000.0},
      resampler_{std::move(resampler)},
      converted_(static_cast<std::size_t>(std::max(from_hz, to_hz) / 1'000 * most_at_once_ms)),
      bursts_{block_ms},
      ring_{static_cast<std::size_t>(to_hz / 1'000 * capacity_ms)},
      burst_ms_{block_ms},
      control_{block_ms} {}

void ClockBridge::write(std::span<const std::int16_t> samples, Clock::time_point now) noexcept {
  const int wanted = wanted_ppm_.load(std::memory_order_relaxed);
  if (std::abs(wanted - applied_ppm_) >= ppm_step) {
    applied_ppm_ = wanted;
    resampler_.shorten(applied_ppm_);
  }
  const std::size_t count = resampler_.process(samples, converted_);
  const std::span<const std::int16_t> out{converted_.data(), count};
  ring_.write(out);  // where it is full, the consumer was away and drops the rest when it returns
  bursts_.note(to_ms(count), now);
  burst_ms_.store(bursts_.burst_ms(), std::memory_order_relaxed);
  written_at_.store(now, std::memory_order_release);
}

bool ClockBridge::read(std::span<std::int16_t> samples, Clock::time_point now) noexcept {
  control_.set_block(burst_ms_.load(std::memory_order_relaxed));
  drop_excess(samples.size());
  std::size_t buffered = ring_.size();
  if (buffered < samples.size()) {
    run_dry(samples);
    return false;
  }
  const double level = level_ms(buffered - samples.size(), now);
  if (filling_ && level < control_.target_ms()) {
    std::ranges::fill(samples, std::int16_t{0});
    return false;
  }
  if (!heard_) {  // nobody has heard anything yet: no need to stretch what is too much
    const double excess = std::max(0.0, level - control_.target_ms());
    buffered -= ring_.skip(static_cast<std::size_t>(excess * samples_per_ms_));
  }
  ring_.read(samples);
  const double reserve = to_ms(buffered - samples.size());
  if (!filling_) {
    control_.observe(level, reserve, ms_between(read_at_, now));
    wanted_ppm_.store(static_cast<int>(std::lround(control_.correction_ppm())),
                      std::memory_order_relaxed);
  }
  filling_ = false;
  heard_ = true;
  read_at_ = now;
  publish(reserve);
  return true;
}

double ClockBridge::to_ms(std::size_t samples) const noexcept {
  return static_cast<double>(samples) / samples_per_ms_;
}

double ClockBridge::level_ms(std::size_t buffered, Clock::time_point now) const noexcept {
  const double since = ms_between(written_at_.load(std::memory_order_acquire), now);
  return to_ms(buffered) + std::clamp(since, 0.0, burst_ms_.load(std::memory_order_relaxed));
}

void ClockBridge::run_dry(std::span<std::int16_t> samples) noexcept {
  const std::size_t count = filling_ ? 0 : ring_.read(samples);
  std::ranges::fill(samples.subspan(count), std::int16_t{0});
  if (!filling_) {
    underruns_.fetch_add(1, std::memory_order_relaxed);
    control_.on_underrun();
    filling_ = true;
  }
}

void ClockBridge::drop_excess(std::size_t wanted) noexcept {
  const double most_ms = control_.target_ms() + excess_ms;
  const std::size_t buffered = ring_.size();
  if (to_ms(buffered) <= most_ms + to_ms(wanted)) {
    return;
  }
  const auto keep = static_cast<std::size_t>(control_.target_ms() * samples_per_ms_) + wanted;
  ring_.skip(buffered - keep);
  if (heard_) {
    overruns_.fetch_add(1, std::memory_order_relaxed);
  }
  control_.restart();
}

void ClockBridge::publish(double reserve_ms) noexcept {
  delay_ms_.store(reserve_ms, std::memory_order_relaxed);
  drift_ppm_.store(control_.drift_ppm(), std::memory_order_relaxed);
}

BridgeStats ClockBridge::stats() const noexcept {
  return {.underruns = underruns_.load(std::memory_order_relaxed),
          .overruns = overruns_.load(std::memory_order_relaxed),
          .delay_ms = delay_ms_.load(std::memory_order_relaxed),
          .drift_ppm = drift_ppm_.load(std::memory_order_relaxed),
          .burst_ms = burst_ms_.load(std::memory_order_relaxed)};
}

}  // namespace offhook::audio
