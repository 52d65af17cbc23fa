#include "audio/device/pulse_server.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include <pulse/error.h>
#include <pulse/introspect.h>
#include <pulse/mainloop-api.h>
#include <pulse/operation.h>
#include <pulse/proplist.h>
#include <pulse/subscribe.h>
#include <pulse/xmalloc.h>

#include "audio/device/backends.hpp"
#include "audio/device/thread_priority.hpp"

namespace offhook::audio {
namespace {

constexpr std::chrono::seconds server_patience{3};

/// What an answer of several callbacks adds up to.
struct Listing {
  std::vector<DeviceInfo> devices{};
  std::vector<std::string> monitors{};
  std::string default_sink{};
  std::string default_source{};
  int answers = 0;
};

template <class Info>
DeviceInfo describe(const Info& info, DeviceKind kind) {
  DeviceInfo device;
  device.name = info.name;
  device.description = info.description == nullptr ? info.name : info.description;
  device.kind = kind;
  device.backend = "pulse";
  const std::string driver = info.driver == nullptr ? "" : info.driver;
  const std::unique_ptr<char, decltype(&pa_xfree)> properties{pa_proplist_to_string(info.proplist),
                                                              pa_xfree};
  device.cancels_echo = kind == DeviceKind::microphone &&
                        names_echo_canceller(device.name + driver + properties.get());
  return device;
}

void on_sink(pa_context* /*context*/, const pa_sink_info* info, int end, void* data) {
  auto& listing = *static_cast<Listing*>(data);
  if (end != 0) {
    ++listing.answers;
    return;
  }
  listing.devices.push_back(describe(*info, DeviceKind::loudspeaker));
}

void on_source(pa_context* /*context*/, const pa_source_info* info, int end, void* data) {
  auto& listing = *static_cast<Listing*>(data);
  if (end != 0) {
    ++listing.answers;
    return;
  }
  listing.devices.push_back(describe(*info, DeviceKind::microphone));
  if (info->monitor_of_sink != PA_INVALID_INDEX) {
    listing.monitors.emplace_back(info->name);
  }
}

void on_server(pa_context* /*context*/, const pa_server_info* info, void* data) {
  auto& listing = *static_cast<Listing*>(data);
  ++listing.answers;
  if (info != nullptr) {
    listing.default_sink = info->default_sink_name == nullptr ? "" : info->default_sink_name;
    listing.default_source = info->default_source_name == nullptr ? "" : info->default_source_name;
  }
}

}  // namespace

void forget(pa_operation* operation) {
  if (operation != nullptr) {
    pa_operation_unref(operation);
  }
}

PulseServer::PulseServer() : loop_{pa_threaded_mainloop_new()} {}

PulseServer::~PulseServer() {
  stop();
  pa_threaded_mainloop_free(loop_);
}

Result<> PulseServer::start() {
  if (pa_threaded_mainloop_start(loop_) < 0) {
    return fail(Errc::internal, "PulseAudio: its thread does not start");
  }
  started_ = true;
  {
    const PulseLock lock{loop_};
    pa_mainloop_api_once(
        pa_threaded_mainloop_get_api(loop_), [](pa_mainloop_api*, void*) { ask_for_priority(); },
        nullptr);
    reconnect(nullptr, nullptr);
  }
  pa_context_state_t state = PA_CONTEXT_UNCONNECTED;
  const bool decided = wait_for([&] {
    state = pa_context_get_state(context_);
    return !PA_CONTEXT_IS_GOOD(state) || state == PA_CONTEXT_READY;
  });
  if (!decided) {
    return fail(Errc::unreachable, "the PulseAudio server does not answer");
  }
  if (state != PA_CONTEXT_READY) {
    return fail(Errc::unreachable, "no PulseAudio server (" + last_error() + ")");
  }
  return {};
}

void PulseServer::stop() {
  if (!started_) {
    return;
  }
  {
    const PulseLock lock{loop_};
    drop_context();
  }
  pa_threaded_mainloop_stop(loop_);
  started_ = false;
}

void PulseServer::drop_context() {
  if (context_ != nullptr) {
    pa_context_set_state_callback(context_, nullptr, nullptr);
    pa_context_set_subscribe_callback(context_, nullptr, nullptr);
    pa_context_disconnect(context_);
    pa_context_unref(context_);
    context_ = nullptr;
  }
}

void PulseServer::reconnect(pa_context_notify_cb_t on_state, void* data) {
  drop_context();
  context_ = pa_context_new(pa_threaded_mainloop_get_api(loop_), "offhook");
  pa_context_set_state_callback(context_, on_state, data);
  pa_context_connect(context_, nullptr, PA_CONTEXT_NOAUTOSPAWN, nullptr);
}

bool PulseServer::wait_for(const std::function<bool()>& condition) const {
  const auto end = std::chrono::steady_clock::now() + server_patience;
  while (std::chrono::steady_clock::now() < end) {
    {
      const PulseLock lock{loop_};
      if (condition()) {
        return true;
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return false;
}

std::string PulseServer::last_error() const { return pa_strerror(pa_context_errno(context_)); }

Result<std::vector<DeviceInfo>> PulseServer::devices() {
  auto listing = std::make_unique<Listing>();
  {
    const PulseLock lock{loop_};
    forget(pa_context_get_server_info(context_, on_server, listing.get()));
    forget(pa_context_get_sink_info_list(context_, on_sink, listing.get()));
    forget(pa_context_get_source_info_list(context_, on_source, listing.get()));
  }
  if (!wait_for([&] { return listing->answers == 3; })) {
    stop();  // no callback may find the list gone
    return fail(Errc::unreachable, "the PulseAudio server does not tell its devices");
  }
  std::erase_if(listing->devices, [&](const DeviceInfo& device) {
    return device.name != listing->default_source &&
           std::ranges::find(listing->monitors, device.name) != listing->monitors.end();
  });
  for (DeviceInfo& device : listing->devices) {
    device.is_default =
        device.name ==
        (device.kind == DeviceKind::microphone ? listing->default_source : listing->default_sink);
  }
  return std::move(listing->devices);
}

DeviceList list_pulse() {
  PulseServer server;
  auto started = server.start();
  if (!started) {
    return fail(std::move(started).error());
  }
  return server.devices();
}

}  // namespace offhook::audio
