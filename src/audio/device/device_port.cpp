#include <atomic>
#include <cerrno>
#include <thread>
#include <utility>

#include <pthread.h>
#include <semaphore.h>

#include "audio/device/device.hpp"
#include "audio/device/sound_path.hpp"
#include "audio/device/thread_priority.hpp"

namespace offhook::audio {
namespace {

/// Wakes the working thread from threads that may not lock.
class Wake {
 public:
  Wake() { sem_init(&semaphore_, 0, 0); }
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  ~Wake() { sem_destroy(&semaphore_); }

  void signal() noexcept { sem_post(&semaphore_); }
  void wait() noexcept {
    while (sem_wait(&semaphore_) != 0 && errno == EINTR) {
    }
    while (sem_trywait(&semaphore_) == 0) {  // one round of work does for all of them
    }
  }

 private:
  sem_t semaphore_{};
};

class DevicePort final : public Device, private DeviceCallback {
 public:
  DevicePort(std::unique_ptr<SoundPath> path, VoiceEngine engine)
      : path_{std::move(path)}, engine_{engine}, thread_{[this] { run(); }} {}
  DevicePort(const DevicePort&) = delete;
  DevicePort& operator=(const DevicePort&) = delete;
  ~DevicePort() override {
    device_.reset();
    stop_ = true;
    wake_.signal();
    thread_.join();
  }

  [[nodiscard]] Result<> open(const DeviceRequest& request) {
    auto device = open_audio_device(request, *this);
    if (!device) {
      return fail(std::move(device).error());
    }
    device_ = std::move(*device);
    return {};
  }

  void exchange(const Frame& received, Frame& to_send) noexcept override {
    path_->exchange(received, to_send, SoundPath::Clock::now());
    wake_.signal();
  }

  [[nodiscard]] bool lost() const noexcept override { return !device_->running(); }

  [[nodiscard]] DeviceStats stats() const override {
    return {.backend = std::string{device_->backend()},
            .capture = path_->capture_stats(),
            .playback = path_->playback_stats(),
            .device = device_->counters(),
            .echo_canceller = path_->echo_is_removed() ? "server" : name_of(engine_),
            .erle_db = path_->erle_db(),
            .echo_delay_ms = path_->echo_delay_ms(),
            .far_skips = path_->far_skips()};
  }

  [[nodiscard]] std::optional<DeviceNotice> next_notice() override {
    auto notice = device_->next_notice();
    if (notice && notice->kind == DeviceNotice::Kind::echo_removed) {
      path_->echo_is_removed(true);
    } else if (notice && notice->kind == DeviceNotice::Kind::no_echo_cancel) {
      path_->echo_is_removed(false);
    }
    return notice;
  }

 private:
  void captured(std::span<const std::int16_t> samples) noexcept override {
    path_->captured(samples);
    wake_.signal();
  }
  void play(std::span<std::int16_t> samples) noexcept override {
    path_->play(samples);
    wake_.signal();
  }

  void run() {
    pthread_setname_np(pthread_self(), "offhook-voice");
    ask_for_priority();
    while (!stop_) {
      wake_.wait();
      path_->work(SoundPath::Clock::now());
    }
  }

  std::unique_ptr<SoundPath> path_;
  VoiceEngine engine_;
  std::unique_ptr<AudioDevice> device_;
  Wake wake_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Device>> open_device(const DeviceOptions& options) {
  auto path = SoundPath::create(options.rate_hz, options.voice);
  if (!path) {
    return fail(std::move(path).error());
  }
  auto port = std::make_unique<DevicePort>(std::move(*path), options.voice.engine);
  auto opened = port->open(options.request);
  if (!opened) {
    return fail(std::move(opened).error());
  }
  return port;
}

}  // namespace offhook::audio
