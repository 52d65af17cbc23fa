#include <atomic>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include <dlfcn.h>
#include <rtaudio/RtAudio.h>

#include "audio/device/backends.hpp"
#include "audio/device/device_journal.hpp"

// RtAudio 5 numbers devices from 0 and throws; RtAudio 6 has ids and returns codes.
#if defined(RTAUDIO_VERSION_MAJOR) && RTAUDIO_VERSION_MAJOR >= 6
#define OFFHOOK_RTAUDIO_6 1
#else
#define OFFHOOK_RTAUDIO_6 0
#endif

namespace offhook::audio {
namespace {

/// On Linux the sound servers have been tried before; what is left is the hardware.
RtAudio::Api hardware_api() {
#ifdef __linux__
  return RtAudio::LINUX_ALSA;
#else
  return RtAudio::UNSPECIFIED;
#endif
}

void say_nothing(const char*, int, const char*, int, const char*, ...) {}

/// ALSA prints all that it does not find. It is there only where RtAudio brought it.
void silence_alsa() {
  using Handler = void (*)(const char*, int, const char*, int, const char*, ...);
  using SetHandler = int (*)(Handler);
  if (void* symbol = dlsym(RTLD_DEFAULT, "snd_lib_error_set_handler")) {
    reinterpret_cast<SetHandler>(symbol)(say_nothing);
  }
}

std::vector<unsigned> device_ids(RtAudio& system) {
#if OFFHOOK_RTAUDIO_6
  return system.getDeviceIds();
#else
  std::vector<unsigned> ids(system.getDeviceCount());
  for (unsigned i = 0; i < ids.size(); ++i) {
    ids[i] = i;
  }
  return ids;
#endif
}

struct Found {
  std::vector<DeviceInfo> devices{};
  std::vector<unsigned> ids{};  // one for each of `devices`
};

Found find_all(RtAudio& system) {
  Found found;
  for (const unsigned id : device_ids(system)) {
    const RtAudio::DeviceInfo info = system.getDeviceInfo(id);
    const auto add = [&](DeviceKind kind, bool is_default) {
      DeviceInfo device;
      device.name = info.name;
      device.description = info.name;
      device.kind = kind;
      device.backend = "rtaudio";
      device.is_default = is_default;
      found.devices.push_back(std::move(device));
      found.ids.push_back(id);
    };
    if (info.inputChannels > 0) {
      add(DeviceKind::microphone, info.isDefaultInput);
    }
    if (info.outputChannels > 0) {
      add(DeviceKind::loudspeaker, info.isDefaultOutput);
    }
  }
  return found;
}

/// Runs what may throw or return a code. @return what went wrong; empty: nothing.
template <class Call>
std::string attempt(RtAudio& system, Call&& call) {
#if OFFHOOK_RTAUDIO_6
  return call() == RTAUDIO_NO_ERROR ? std::string{} : system.getErrorText();
#else
  static_cast<void>(system);
  try {
    call();
    return {};
  } catch (const std::exception& problem) {
    return problem.what();
  }
#endif
}

class RtaudioDevice final : public AudioDevice {
 public:
  explicit RtaudioDevice(DeviceCallback& callback) : callback_{callback}, system_{hardware_api()} {
    system_.showWarnings(false);
  }
  RtaudioDevice(const RtaudioDevice&) = delete;
  RtaudioDevice& operator=(const RtaudioDevice&) = delete;
  ~RtaudioDevice() override {
    if (system_.isStreamOpen()) {
      attempt(system_, [&] { return system_.abortStream(); });
      system_.closeStream();
    }
  }

  [[nodiscard]] Result<> open(const DeviceRequest& request);

  [[nodiscard]] std::string_view backend() const noexcept override { return "rtaudio"; }
  [[nodiscard]] std::optional<DeviceNotice> next_notice() override {
    watch();
    return journal_.next();
  }
  [[nodiscard]] DeviceCounters counters() const noexcept override { return journal_.counters(); }
  [[nodiscard]] bool running() const noexcept override { return !lost_; }

 private:
  [[nodiscard]] Result<unsigned> choose(const Found& found,
                                        DeviceKind kind,
                                        const std::string& name) const;
  void process(void* output, const void* input, unsigned count, RtAudioStreamStatus status);
  void watch();

  DeviceCallback& callback_;
  DeviceJournal journal_;
  std::atomic<bool> lost_{false};
  RtAudio system_;  // last: its thread calls back
};

Result<unsigned> RtaudioDevice::choose(const Found& found,
                                       DeviceKind kind,
                                       const std::string& name) const {
  DeviceInfo wanted;
  if (!name.empty()) {
    auto named = find_device(found.devices, kind, name);
    if (!named) {
      return fail(std::move(named).error());
    }
    wanted = *named;
  }
  const DeviceInfo* first = nullptr;
  for (const DeviceInfo& device : found.devices) {
    const bool fits = device.kind == kind && (name.empty() || device.name == wanted.name);
    if (fits && (first == nullptr || device.is_default)) {
      first = &device;
    }
  }
  if (first == nullptr) {
    return fail(Errc::not_found, std::string{to_string(kind)} + ": this machine has none" +
                                     std::string{no_device_hint});
  }
  return found.ids[static_cast<std::size_t>(first - found.devices.data())];
}

Result<> RtaudioDevice::open(const DeviceRequest& request) {
  const Found found = find_all(system_);
  if (found.devices.empty()) {
    return fail(Errc::unreachable, "RtAudio finds no device");
  }
  const auto microphone = choose(found, DeviceKind::microphone, request.microphone);
  const auto loudspeaker = choose(found, DeviceKind::loudspeaker, request.loudspeaker);
  if (!microphone || !loudspeaker) {
    return fail(microphone ? loudspeaker.error() : microphone.error());
  }
  RtAudio::StreamParameters input;
  input.deviceId = *microphone;
  input.nChannels = 1;
  RtAudio::StreamParameters output;
  output.deviceId = *loudspeaker;
  output.nChannels = 1;
  RtAudio::StreamOptions options;
  options.flags = RTAUDIO_MINIMIZE_LATENCY;
  options.numberOfBuffers = 2;
  options.streamName = "offhook";
  unsigned frames = device_block_samples;
  const auto callback = [](void* out, void* in, unsigned count, double, RtAudioStreamStatus status,
                           void* self) {
    static_cast<RtaudioDevice*>(self)->process(out, in, count, status);
    return 0;
  };
  std::string problem = attempt(system_, [&] {
    return system_.openStream(&output, &input, RTAUDIO_SINT16, device_rate_hz, &frames, callback,
                              this, &options);
  });
  if (problem.empty()) {
    problem = attempt(system_, [&] { return system_.startStream(); });
  }
  if (!problem.empty()) {
    return fail(Errc::refused,
                "the device is in use by another program, or does not take 48 kHz, " +
                    std::string{"16 bit, mono ("} + problem +
                    "); end that program, or choose another: offhook devices");
  }
  return {};
}

void RtaudioDevice::process(void* output,
                            const void* input,
                            unsigned count,
                            RtAudioStreamStatus status) {
  if ((status & RTAUDIO_INPUT_OVERFLOW) != 0) {
    journal_.count_capture_gap();
  }
  if ((status & RTAUDIO_OUTPUT_UNDERFLOW) != 0) {
    journal_.count_playback_gap();
  }
  if (input != nullptr) {
    callback_.captured({static_cast<const std::int16_t*>(input), count});
  }
  if (output != nullptr) {
    callback_.play({static_cast<std::int16_t*>(output), count});
  }
}

/// RtAudio tells of no changes; all there is to see is that its thread has ended.
void RtaudioDevice::watch() {
  if (!system_.isStreamRunning() && !lost_) {
    lost_ = true;
    for (const DeviceKind kind : {DeviceKind::microphone, DeviceKind::loudspeaker}) {
      journal_.tell({.kind = DeviceNotice::Kind::lost, .device = kind, .text = "it stopped"});
    }
  } else if (lost_ && attempt(system_, [&] { return system_.startStream(); }).empty() &&
             system_.isStreamRunning()) {
    lost_ = false;
    for (const DeviceKind kind : {DeviceKind::microphone, DeviceKind::loudspeaker}) {
      journal_.tell({.kind = DeviceNotice::Kind::returned, .device = kind, .text = {}});
    }
  }
}

}  // namespace

OpenedDevice open_rtaudio(const DeviceRequest& request, DeviceCallback& callback) {
  silence_alsa();
  auto device = std::make_unique<RtaudioDevice>(callback);
  auto opened = device->open(request);
  if (!opened) {
    return fail(std::move(opened).error());
  }
  return device;
}

DeviceList list_rtaudio() {
  silence_alsa();
  RtAudio system{hardware_api()};
  system.showWarnings(false);
  Found found = find_all(system);
  if (found.devices.empty()) {
    return fail(Errc::unreachable, "RtAudio finds no device");
  }
  return std::move(found.devices);
}

}  // namespace offhook::audio
