#include <array>
#include <atomic>
#include <string>
#include <utility>

#include "audio/device/backends.hpp"
#include "audio/device/pipewire_connection.hpp"
#include "audio/device/pipewire_stream.hpp"

namespace offhook::audio {
namespace {

/// Looks after streams and connection; half a second between attempts.
constexpr timespec watch_interval{0, 500'000'000};

/// Members are used on the loop's thread, or with its lock.
class PipewireDevice final : public AudioDevice {
 public:
  explicit PipewireDevice(DeviceCallback& callback)
      : streams_{PipewireStream{DeviceKind::microphone, callback, journal_},
                 PipewireStream{DeviceKind::loudspeaker, callback, journal_}} {}
  PipewireDevice(const PipewireDevice&) = delete;
  PipewireDevice& operator=(const PipewireDevice&) = delete;
  ~PipewireDevice() override {
    {
      const PipewireLock lock{connection_.loop()};
      connection_.on_change = nullptr;
      for (PipewireStream& stream : streams_) {
        stream.close();
      }
      if (timer_ != nullptr) {
        pw_loop_destroy_source(pw_thread_loop_get_loop(connection_.loop()), timer_);
      }
    }
    connection_.stop();
  }

  [[nodiscard]] Result<> open(const DeviceRequest& request);

  [[nodiscard]] std::string_view backend() const noexcept override { return "pipewire"; }
  [[nodiscard]] std::optional<DeviceNotice> next_notice() override { return journal_.next(); }
  [[nodiscard]] DeviceCounters counters() const noexcept override { return journal_.counters(); }
  [[nodiscard]] bool running() const noexcept override { return running_; }

 private:
  [[nodiscard]] Result<> resolve(const DeviceRequest& request);
  [[nodiscard]] Result<> wait_until_running();
  [[nodiscard]] std::string used(std::size_t i) const;
  void look();
  void tell_moves();
  void tell_echo();
  void watch();

  PipewireConnection connection_;
  DeviceJournal journal_;
  std::array<PipewireStream, 2> streams_;
  std::array<std::string, 2> wanted_;  // "" follows the default
  std::array<std::string, 2> told_;    // device last told of
  std::array<bool, 2> lost_{};
  bool server_lost_ = false;
  bool cancels_echo_ = false;
  spa_source* timer_ = nullptr;
  std::atomic<bool> running_{false};
};

Result<> PipewireDevice::resolve(const DeviceRequest& request) {
  const PipewireLock lock{connection_.loop()};
  auto present = connection_.has_devices();
  if (!present) {
    return present;
  }
  const std::array names{request.microphone, request.loudspeaker};
  const auto devices = connection_.devices();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty() || names[i].ends_with(".monitor")) {
      wanted_[i] = names[i];
      continue;
    }
    auto found = find_device(devices, streams_[i].kind(), names[i]);
    if (!found) {
      return fail(std::move(found).error());
    }
    wanted_[i] = found->name;
  }
  return {};
}

Result<> PipewireDevice::open(const DeviceRequest& request) {
  auto started = connection_.start();
  if (!started) {
    return started;
  }
  auto resolved = resolve(request);
  if (!resolved) {
    return resolved;
  }
  {
    const PipewireLock lock{connection_.loop()};
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      streams_[i].open(connection_.core(), wanted_[i]);
    }
  }
  auto running = wait_until_running();
  if (!running) {
    return running;
  }
  const PipewireLock lock{connection_.loop()};
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    told_[i] = used(i);
    streams_[i].on_change([](void* self) { static_cast<PipewireDevice*>(self)->look(); }, this);
  }
  connection_.on_change = [this](bool lost) {
    server_lost_ = server_lost_ || lost;
    look();
  };
  pw_loop* loop = pw_thread_loop_get_loop(connection_.loop());
  timer_ = pw_loop_add_timer(
      loop, [](void* self, std::uint64_t) { static_cast<PipewireDevice*>(self)->watch(); }, this);
  timespec interval = watch_interval;
  pw_loop_update_timer(loop, timer_, &interval, &interval, false);
  look();
  return {};
}

Result<> PipewireDevice::wait_until_running() {
  const bool decided = connection_.wait_for([&] {
    bool all = true;
    for (const PipewireStream& stream : streams_) {
      all = all && stream.state() == PipewireStream::State::running;
      if (stream.state() == PipewireStream::State::failed) {
        return true;
      }
    }
    return all;
  });
  const PipewireLock lock{connection_.loop()};
  for (const PipewireStream& stream : streams_) {
    const std::string what = std::string{to_string(stream.kind())} + ": ";
    if (stream.state() == PipewireStream::State::failed) {
      return fail(Errc::refused, what + "PipeWire does not give it (" + stream.error() + ")" +
                                     std::string{no_device_hint});
    }
    if (!decided && stream.state() != PipewireStream::State::running) {
      return fail(Errc::not_found,
                  what + "PipeWire has none that runs" + std::string{no_device_hint});
    }
  }
  return {};
}

/// The device that the session manager links a stream with.
std::string PipewireDevice::used(std::size_t i) const {
  const std::string& fallback = connection_.default_name(streams_[i].kind());
  if (wanted_[i].empty()) {
    return fallback;
  }
  if (wanted_[i].ends_with(".monitor")) {
    return wanted_[i];
  }
  for (const DeviceInfo& device : connection_.devices()) {
    if (device.name == wanted_[i]) {
      return wanted_[i];
    }
  }
  return fallback;
}

void PipewireDevice::look() {
  bool all = !server_lost_;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const PipewireStream& stream = streams_[i];
    const bool runs = !server_lost_ && stream.state() == PipewireStream::State::running;
    // A stream that waits is being linked anew; `watch` says when that takes long.
    const bool gone = server_lost_ || stream.state() == PipewireStream::State::failed;
    if (gone && !lost_[i]) {
      lost_[i] = true;
      journal_.tell({.kind = DeviceNotice::Kind::lost,
                     .device = stream.kind(),
                     .text = server_lost_ ? "PipeWire is gone" : stream.error()});
    } else if (runs && lost_[i]) {
      lost_[i] = false;
      told_[i] = used(i);
      journal_.tell(
          {.kind = DeviceNotice::Kind::returned, .device = stream.kind(), .text = told_[i]});
    }
    all = all && runs;
  }
  running_ = all;
  tell_moves();
  tell_echo();
}

void PipewireDevice::tell_moves() {
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const std::string now = used(i);
    if (!lost_[i] && !now.empty() && now != told_[i]) {
      told_[i] = now;
      journal_.tell({.kind = DeviceNotice::Kind::moved, .device = streams_[i].kind(), .text = now});
    }
  }
}

void PipewireDevice::tell_echo() {
  const bool cancels = connection_.cancels_echo(told_[0]);
  if (cancels != cancels_echo_) {
    cancels_echo_ = cancels;
    journal_.tell(
        {.kind = cancels ? DeviceNotice::Kind::echo_removed : DeviceNotice::Kind::no_echo_cancel,
         .device = DeviceKind::microphone,
         .text = told_[0]});
  }
}

void PipewireDevice::watch() {
  if (server_lost_) {
    for (PipewireStream& stream : streams_) {
      stream.close();
    }
    if (!connection_.connect()) {
      return;
    }
    server_lost_ = false;
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      streams_[i].open(connection_.core(), wanted_[i]);
    }
    return;
  }
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    PipewireStream& stream = streams_[i];
    if (stream.state() == PipewireStream::State::failed) {
      stream.open(connection_.core(), wanted_[i]);
    } else if (stream.state() == PipewireStream::State::waiting && !lost_[i]) {
      lost_[i] = true;
      journal_.tell({.kind = DeviceNotice::Kind::lost,
                     .device = stream.kind(),
                     .text = "PipeWire has no device for it"});
    }
  }
}

}  // namespace

OpenedDevice open_pipewire(const DeviceRequest& request, DeviceCallback& callback) {
  auto device = std::make_unique<PipewireDevice>(callback);
  auto opened = device->open(request);
  if (!opened) {
    return fail(std::move(opened).error());
  }
  return device;
}

}  // namespace offhook::audio
