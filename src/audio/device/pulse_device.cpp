#include <array>
#include <atomic>
#include <utility>

#include <pulse/error.h>
#include <pulse/introspect.h>
#include <pulse/mainloop-api.h>
#include <pulse/operation.h>
#include <pulse/proplist.h>
#include <pulse/subscribe.h>
#include <pulse/timeval.h>

#include "audio/device/backends.hpp"
#include "audio/device/pulse_server.hpp"
#include "audio/device/pulse_stream.hpp"

namespace offhook::audio {
namespace {

constexpr pa_usec_t retry_interval_us = 500'000;

Error stream_error(DeviceKind kind, int code, const std::string& device) {
  const std::string what =
      std::string{to_string(kind)} + (device.empty() ? "" : " \"" + device + "\"") + ": ";
  switch (code) {
    case PA_ERR_NOENTITY:
      return {make_error_code(Errc::not_found),
              what + "the sound server has none" + std::string{no_device_hint}};
    case PA_ERR_BUSY:
      return {make_error_code(Errc::refused), what + "is in use by another program; end that one"};
    case PA_ERR_INVALID:
    case PA_ERR_NOTSUPPORTED:
      return {make_error_code(Errc::refused), what + "does not take 48 kHz, 16 bit, mono"};
    default: return {make_error_code(Errc::refused), what + pa_strerror(code)};
  }
}

/// Members are used on the mainloop's thread, or with its lock.
class PulseDevice final : public AudioDevice {
 public:
  explicit PulseDevice(DeviceCallback& callback)
      : streams_{PulseStream{DeviceKind::microphone, callback, journal_},
                 PulseStream{DeviceKind::loudspeaker, callback, journal_}} {}
  PulseDevice(const PulseDevice&) = delete;
  PulseDevice& operator=(const PulseDevice&) = delete;
  ~PulseDevice() override {
    {
      const PulseLock lock{server_.loop()};
      closing_ = true;
      for (PulseStream& stream : streams_) {
        stream.close();
      }
      cancel_retry();
    }
    server_.stop();
  }

  [[nodiscard]] Result<> open(const DeviceRequest& request);

  [[nodiscard]] std::string_view backend() const noexcept override { return "pulse"; }
  [[nodiscard]] std::optional<DeviceNotice> next_notice() override { return journal_.next(); }
  [[nodiscard]] DeviceCounters counters() const noexcept override { return journal_.counters(); }
  [[nodiscard]] bool running() const noexcept override { return running_; }

 private:
  [[nodiscard]] Result<> resolve(const DeviceRequest& request);
  void watch();
  void subscribe();
  void ask_for_defaults();
  void on_defaults(const pa_server_info& info);
  void on_context_state();
  void on_stream_change();
  void ask_about_echo();
  void on_source(const pa_source_info& info);
  void retry_later();
  void retry();
  void cancel_retry();

  PulseServer server_;
  DeviceJournal journal_;
  std::array<PulseStream, 2> streams_;
  std::array<std::string, 2> wanted_;  // "" follows the default
  pa_time_event* retry_event_ = nullptr;
  bool cancels_echo_ = false;
  bool closing_ = false;
  std::atomic<bool> running_{false};
};

Result<> PulseDevice::resolve(const DeviceRequest& request) {
  if (request.microphone.empty() && request.loudspeaker.empty()) {
    return {};
  }
  auto devices = server_.devices();
  if (!devices) {
    return fail(std::move(devices).error());
  }
  const std::array names{request.microphone, request.loudspeaker};
  for (std::size_t i = 0; i < names.size(); ++i) {
    // A monitor is not listed, but is a microphone to those who name it.
    const bool monitor = names[i].ends_with(".monitor");
    if (names[i].empty() || monitor) {
      wanted_[i] = names[i];
      continue;
    }
    auto found = find_device(*devices, streams_[i].kind(), names[i]);
    if (!found) {
      return fail(std::move(found).error());
    }
    wanted_[i] = found->name;
  }
  return {};
}

Result<> PulseDevice::open(const DeviceRequest& request) {
  auto started = server_.start();
  if (!started) {
    return started;
  }
  auto resolved = resolve(request);
  if (!resolved) {
    return resolved;
  }
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    int code = 0;
    {
      const PulseLock lock{server_.loop()};
      streams_[i].open(server_.context(), wanted_[i]);
    }
    const bool decided = server_.wait_for([&] {
      code = pa_context_errno(server_.context());
      return streams_[i].ready() || streams_[i].failed();
    });
    const PulseLock lock{server_.loop()};
    if (!decided || !streams_[i].ready()) {
      return fail(stream_error(streams_[i].kind(), decided ? code : PA_ERR_TIMEOUT, wanted_[i]));
    }
  }
  const PulseLock lock{server_.loop()};
  watch();
  return {};
}

void PulseDevice::watch() {
  for (PulseStream& stream : streams_) {
    stream.on_change(
        [](PulseStream&, void* self) { static_cast<PulseDevice*>(self)->on_stream_change(); },
        this);
  }
  pa_context_set_state_callback(
      server_.context(),
      [](pa_context*, void* self) { static_cast<PulseDevice*>(self)->on_context_state(); }, this);
  running_ = true;
  subscribe();
  ask_about_echo();
}

void PulseDevice::subscribe() {
  pa_context_set_subscribe_callback(
      server_.context(),
      [](pa_context*, pa_subscription_event_type_t, std::uint32_t, void* self) {
        static_cast<PulseDevice*>(self)->ask_for_defaults();
      },
      this);
  const auto mask = static_cast<pa_subscription_mask_t>(
      PA_SUBSCRIPTION_MASK_SERVER | PA_SUBSCRIPTION_MASK_SINK | PA_SUBSCRIPTION_MASK_SOURCE);
  forget(pa_context_subscribe(server_.context(), mask, nullptr, nullptr));
}

void PulseDevice::ask_for_defaults() {
  forget(pa_context_get_server_info(
      server_.context(),
      [](pa_context*, const pa_server_info* info, void* self) {
        if (info != nullptr) {
          static_cast<PulseDevice*>(self)->on_defaults(*info);
        }
      },
      this));
}

/// Newer servers move streams by themselves; then there is nothing left to do here.
void PulseDevice::on_defaults(const pa_server_info& info) {
  const std::array<const char*, 2> defaults{info.default_source_name, info.default_sink_name};
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i].failed()) {
      retry_later();
      continue;
    }
    const std::string name =
        wanted_[i].empty() ? (defaults[i] == nullptr ? "" : defaults[i]) : wanted_[i];
    if (streams_[i].ready() && !name.empty() && streams_[i].device() != name) {
      // Refused when the chosen device is still away: we stay where the server put us.
      streams_[i].move_to(server_.context(), name);
    }
  }
}

void PulseDevice::on_context_state() {
  const pa_context_state_t state = pa_context_get_state(server_.context());
  if (state == PA_CONTEXT_READY) {
    subscribe();
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      streams_[i].open(server_.context(), {});
    }
    ask_for_defaults();
  } else if (!PA_CONTEXT_IS_GOOD(state)) {
    running_ = false;
    retry_later();
  }
}

void PulseDevice::on_stream_change() {
  bool all_ready = true;
  for (PulseStream& stream : streams_) {
    all_ready = all_ready && stream.ready();
    if (stream.failed()) {
      retry_later();
    }
  }
  running_ = all_ready;
  if (streams_[0].ready()) {
    ask_about_echo();
  }
}

void PulseDevice::ask_about_echo() {
  forget(pa_context_get_source_info_by_name(
      server_.context(), streams_[0].device().c_str(),
      [](pa_context*, const pa_source_info* info, int end, void* self) {
        if (end == 0 && info != nullptr) {
          static_cast<PulseDevice*>(self)->on_source(*info);
        }
      },
      this));
}

void PulseDevice::on_source(const pa_source_info& info) {
  std::string text = info.name;
  text += info.driver == nullptr ? "" : info.driver;
  for (const char* key : {PA_PROP_DEVICE_DESCRIPTION, "node.name", "node.group", "media.name"}) {
    const char* value = pa_proplist_gets(info.proplist, key);
    text += value == nullptr ? "" : value;
  }
  const bool cancels = names_echo_canceller(text);
  if (cancels != cancels_echo_) {
    cancels_echo_ = cancels;
    journal_.tell(
        {.kind = cancels ? DeviceNotice::Kind::echo_removed : DeviceNotice::Kind::no_echo_cancel,
         .device = DeviceKind::microphone,
         .text = info.name});
  }
}

void PulseDevice::retry_later() {
  if (retry_event_ != nullptr || closing_) {
    return;
  }
  pa_mainloop_api* api = pa_threaded_mainloop_get_api(server_.loop());
  timeval due{};
  pa_timeval_add(pa_gettimeofday(&due), retry_interval_us);
  retry_event_ = api->time_new(
      api, &due,
      [](pa_mainloop_api*, pa_time_event*, const timeval*, void* self) {
        static_cast<PulseDevice*>(self)->retry();
      },
      this);
}

void PulseDevice::cancel_retry() {
  if (retry_event_ != nullptr) {
    pa_threaded_mainloop_get_api(server_.loop())->time_free(retry_event_);
    retry_event_ = nullptr;
  }
}

void PulseDevice::retry() {
  cancel_retry();
  if (!PA_CONTEXT_IS_GOOD(pa_context_get_state(server_.context()))) {
    for (PulseStream& stream : streams_) {
      stream.close();
    }
    server_.reconnect(
        [](pa_context*, void* self) { static_cast<PulseDevice*>(self)->on_context_state(); }, this);
    return;
  }
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i].failed()) {
      streams_[i].open(server_.context(), {});  // the wanted one, if it is back: on_defaults
      retry_later();
    }
  }
}

}  // namespace

OpenedDevice open_pulse(const DeviceRequest& request, DeviceCallback& callback) {
  auto device = std::make_unique<PulseDevice>(callback);
  auto opened = device->open(request);
  if (!opened) {
    return fail(std::move(opened).error());
  }
  return device;
}

}  // namespace offhook::audio
