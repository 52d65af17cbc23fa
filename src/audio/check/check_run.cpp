#include "audio/check/check_run.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "audio/check/sweep.hpp"

namespace offhook::audio {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds device_patience{10};  // beyond the signal: the devices do not run

/// When a stream was at which sample. Written by one thread; read once that has ended.
class Track {
 public:
  explicit Track(std::size_t blocks) : offsets_ms_(blocks) {}

  /// `size` samples that begin at `position` of the stream were handled now. The middle of the
  /// block stands for all of it.
  void note(double now_ms, std::size_t position, std::size_t size) noexcept {
    if (count_ < offsets_ms_.size()) {
      const double middle = static_cast<double>(position) + static_cast<double>(size) / 2;
      offsets_ms_[count_++] = now_ms - middle * 1'000 / device_rate_hz;
    }
  }

  /// Callbacks come late and in bursts; the median of all tells when the stream really began.
  [[nodiscard]] double began_ms() {
    offsets_ms_.resize(count_);
    if (offsets_ms_.empty()) {
      return 0;
    }
    const auto middle = offsets_ms_.begin() + static_cast<std::ptrdiff_t>(count_ / 2);
    std::nth_element(offsets_ms_.begin(), middle, offsets_ms_.end());
    return *middle;
  }

 private:
  std::vector<double> offsets_ms_;
  std::size_t count_ = 0;
};

class CheckCallback final : public DeviceCallback {
 public:
  CheckCallback(const CheckSignal& signal, std::size_t samples)
      : signal_{signal.samples},
        heard_(samples),
        play_track_{samples / 32},
        heard_track_{samples / 32} {}

  void captured(std::span<const std::int16_t> samples) noexcept override {
    const std::size_t at = heard_count_.load(std::memory_order_relaxed);
    const std::size_t count = std::min(samples.size(), heard_.size() - at);
    std::copy_n(samples.begin(), count, heard_.begin() + static_cast<std::ptrdiff_t>(at));
    heard_track_.note(now_ms(), at, samples.size());
    heard_count_.store(at + count, std::memory_order_release);
  }

  void play(std::span<std::int16_t> samples) noexcept override {
    const std::size_t at = played_count_.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      samples[i] = at + i < signal_.size() ? signal_[at + i] : std::int16_t{0};
    }
    play_track_.note(now_ms(), at, samples.size());
    played_count_.store(at + samples.size(), std::memory_order_release);
  }

  [[nodiscard]] bool complete() const noexcept {
    return heard_count_.load(std::memory_order_acquire) == heard_.size();
  }
  [[nodiscard]] bool plays() const noexcept { return played_count_ > 0; }
  [[nodiscard]] bool hears() const noexcept { return heard_count_ > 0; }

  /// Once the device is gone.
  [[nodiscard]] CheckRecording take() {
    heard_.resize(heard_count_);
    return {.heard = std::move(heard_),
            .play_began_ms = play_track_.began_ms(),
            .heard_began_ms = heard_track_.began_ms()};
  }

 private:
  [[nodiscard]] static double now_ms() noexcept {
    return std::chrono::duration<double, std::milli>(Clock::now().time_since_epoch()).count();
  }

  const std::vector<std::int16_t>& signal_;
  std::vector<std::int16_t> heard_;
  Track play_track_;
  Track heard_track_;
  std::atomic<std::size_t> heard_count_{0};
  std::atomic<std::size_t> played_count_{0};
};

}  // namespace

Result<CheckRecording> record_check(const DeviceRequest& request, const CheckSignal& signal) {
  const std::size_t samples =
      signal.samples.size() + static_cast<std::size_t>(longest_delay_s * device_rate_hz);
  CheckCallback callback{signal, samples};
  auto device = open_audio_device(request, callback);
  if (!device) {
    return fail(std::move(device).error());
  }
  const auto end = Clock::now() + device_patience + std::chrono::seconds{samples / device_rate_hz};
  bool server_cancels = false;
  while (!callback.complete() && Clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    while (const auto notice = (*device)->next_notice()) {
      server_cancels = notice->kind == DeviceNotice::Kind::echo_removed ||
                       (server_cancels && notice->kind != DeviceNotice::Kind::no_echo_cancel);
    }
  }
  const DeviceCounters counters = (*device)->counters();
  const std::string backend{(*device)->backend()};
  device->reset();
  if (!callback.complete() || !callback.plays()) {
    const char* which = !callback.hears()   ? "the microphone gives no sound"
                        : !callback.plays() ? "the loudspeaker takes no sound"
                                            : "the devices stopped meanwhile";
    return fail(Errc::timed_out, std::string{which} + "; see offhook devices");
  }
  CheckRecording recording = callback.take();
  recording.counters = counters;
  recording.backend = backend;
  recording.server_cancels_echo = server_cancels;
  return recording;
}

}  // namespace offhook::audio
