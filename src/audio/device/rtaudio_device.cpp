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

/// Blocks of 10 ms that the hardware holds.
constexpr unsigned buffers = 2;

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

/// One direction, with a thread and a clock of its own: a microphone and a loudspeaker in one
/// RtAudio stream would have to be read and written in turn, and one of two crystals would run dry.
class RtaudioStream {
 public:
  RtaudioStream(DeviceKind kind, DeviceCallback& callback, DeviceJournal& journal)
      : kind_{kind}, callback_{callback}, journal_{journal}, system_{hardware_api()} {
    system_.showWarnings(false);
  }
  RtaudioStream(const RtaudioStream&) = delete;
  RtaudioStream& operator=(const RtaudioStream&) = delete;
  ~RtaudioStream() {
    if (system_.isStreamOpen()) {
      attempt(system_, [&] { return system_.abortStream(); });
      system_.closeStream();
    }
  }

  /// @param name  "" for the default.
  [[nodiscard]] Result<> open(const std::string& name);
  /// Tells of an end, and starts again. RtAudio tells of no changes; all there is to see is that
  /// its thread has ended.
  void watch();
  [[nodiscard]] bool running() const noexcept { return !lost_; }

 private:
  [[nodiscard]] Result<unsigned> choose(const Found& found, const std::string& name) const;
  void process(void* output, const void* input, unsigned count, RtAudioStreamStatus status);

  DeviceKind kind_;
  DeviceCallback& callback_;
  DeviceJournal& journal_;
  std::atomic<bool> lost_{false};
  RtAudio system_;  // last: its thread calls back
};

Result<unsigned> RtaudioStream::choose(const Found& found, const std::string& name) const {
  DeviceInfo wanted;
  if (!name.empty()) {
    auto named = find_device(found.devices, kind_, name);
    if (!named) {
      return fail(std::move(named).error());
    }
    wanted = *named;
  }
  const DeviceInfo* first = nullptr;
  for (const DeviceInfo& device : found.devices) {
    const bool fits = device.kind == kind_ && (name.empty() || device.name == wanted.name);
    if (fits && (first == nullptr || device.is_default)) {
      first = &device;
    }
  }
  if (first == nullptr) {
    return fail(Errc::not_found, std::string{to_string(kind_)} + ": this machine has none" +
                                     std::string{no_device_hint});
  }
  return found.ids[static_cast<std::size_t>(first - found.devices.data())];
}

Result<> RtaudioStream::open(const std::string& name) {
  const Found found = find_all(system_);
  if (found.devices.empty()) {
    return fail(Errc::unreachable, "RtAudio finds no device");
  }
  const auto id = choose(found, name);
  if (!id) {
    return fail(id.error());
  }
  RtAudio::StreamParameters parameters;
  parameters.deviceId = *id;
  parameters.nChannels = 1;
  RtAudio::StreamOptions options;
  options.flags = RTAUDIO_MINIMIZE_LATENCY;
  options.numberOfBuffers = buffers;
  options.streamName = "offhook";
  unsigned frames = device_block_samples;
  const auto callback = [](void* out, void* in, unsigned count, double, RtAudioStreamStatus status,
                           void* self) {
    static_cast<RtaudioStream*>(self)->process(out, in, count, status);
    return 0;
  };
  const bool microphone = kind_ == DeviceKind::microphone;
  std::string problem = attempt(system_, [&] {
    return system_.openStream(microphone ? nullptr : &parameters,
                              microphone ? &parameters : nullptr, RTAUDIO_SINT16, device_rate_hz,
                              &frames, callback, this, &options);
  });
  if (problem.empty()) {
    problem = attempt(system_, [&] { return system_.startStream(); });
  }
  if (!problem.empty()) {
    return fail(Errc::refused,
                std::string{to_string(kind_)} +
                    ": is in use by another program, or does not take 48 kHz, 16 bit, mono (" +
                    problem + "); end that program, or choose another: offhook devices");
  }
  return {};
}

void RtaudioStream::process(void* output,
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

void RtaudioStream::watch() {
  if (!system_.isStreamRunning() && !lost_) {
    lost_ = true;
    journal_.tell({.kind = DeviceNotice::Kind::lost, .device = kind_, .text = "it stopped"});
  } else if (lost_ && attempt(system_, [&] { return system_.startStream(); }).empty() &&
             system_.isStreamRunning()) {
    lost_ = false;
    journal_.tell({.kind = DeviceNotice::Kind::returned, .device = kind_, .text = {}});
  }
}

class RtaudioDevice final : public AudioDevice {
 public:
  explicit RtaudioDevice(DeviceCallback& callback)
      : microphone_{DeviceKind::microphone, callback, journal_},
        loudspeaker_{DeviceKind::loudspeaker, callback, journal_} {}

  [[nodiscard]] Result<> open(const DeviceRequest& request) {
    auto opened = microphone_.open(request.microphone);
    return opened ? loudspeaker_.open(request.loudspeaker) : opened;
  }

  [[nodiscard]] std::string_view backend() const noexcept override { return "rtaudio"; }
  [[nodiscard]] std::optional<DeviceNotice> next_notice() override {
    microphone_.watch();
    loudspeaker_.watch();
    return journal_.next();
  }
  [[nodiscard]] DeviceCounters counters() const noexcept override { return journal_.counters(); }
  [[nodiscard]] bool running() const noexcept override {
    return microphone_.running() && loudspeaker_.running();
  }

 private:
  DeviceJournal journal_;
  RtaudioStream microphone_;
  RtaudioStream loudspeaker_;
};

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
