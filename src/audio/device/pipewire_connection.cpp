#include "audio/device/pipewire_connection.hpp"

#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include <boost/json/parse.hpp>
#include <pipewire/extensions/metadata.h>

#include "audio/device/backends.hpp"

// PipeWire's calls are macros with casts of C.
#pragma GCC diagnostic ignored "-Wold-style-cast"

namespace offhook::audio {
namespace {

constexpr std::chrono::seconds connection_patience{3};

void initialise() {
  static std::once_flag once;
  std::call_once(once, [] { pw_init(nullptr, nullptr); });
}

std::string text_of(const spa_dict* properties, const char* key) {
  const char* value = properties == nullptr ? nullptr : spa_dict_lookup(properties, key);
  return value == nullptr ? std::string{} : std::string{value};
}

/// {"name": "alsa_output.pci-0"}
std::string name_in(const char* value) {
  if (value == nullptr) {
    return {};
  }
  boost::system::error_code error;
  const boost::json::value parsed = boost::json::parse(value, error);
  const boost::json::object* object = error ? nullptr : parsed.if_object();
  const boost::json::value* name = object == nullptr ? nullptr : object->if_contains("name");
  return name == nullptr || !name->is_string() ? std::string{}
                                               : std::string{name->get_string().c_str()};
}

}  // namespace

/// Tables of C functions that call the members.
struct PipewireConnection::Events {
  static PipewireConnection& self(void* data) { return *static_cast<PipewireConnection*>(data); }

  static void done(void* data, std::uint32_t /*id*/, int sequence) {
    self(data).synced_ = sequence;
  }
  static void error(void* data, std::uint32_t id, int /*seq*/, int result, const char* /*text*/) {
    if (id == PW_ID_CORE && result == -EPIPE) {
      self(data).failed_ = true;
      self(data).changed(true);
    }
  }
  static const pw_core_events& core() {
    static const pw_core_events events = [] {
      pw_core_events table{};
      table.version = PW_VERSION_CORE_EVENTS;
      table.done = done;
      table.error = error;
      return table;
    }();
    return events;
  }

  static void global(void* data,
                     std::uint32_t id,
                     std::uint32_t /*permissions*/,
                     const char* type,
                     std::uint32_t /*version*/,
                     const spa_dict* properties) {
    self(data).on_global(id, type, properties);
  }
  static void removed(void* data, std::uint32_t id) { self(data).on_removed(id); }
  static const pw_registry_events& registry() {
    static const pw_registry_events events = [] {
      pw_registry_events table{};
      table.version = PW_VERSION_REGISTRY_EVENTS;
      table.global = global;
      table.global_remove = removed;
      return table;
    }();
    return events;
  }

  static int property(void* data,
                      std::uint32_t /*subject*/,
                      const char* key,
                      const char* /*type*/,
                      const char* value) {
    return self(data).on_metadata(key, value);
  }
  static const pw_metadata_events& metadata() {
    static const pw_metadata_events events = [] {
      pw_metadata_events table{};
      table.version = PW_VERSION_METADATA_EVENTS;
      table.property = property;
      return table;
    }();
    return events;
  }
};

PipewireConnection::PipewireConnection() : loop_{nullptr} {
  initialise();
  loop_ = pw_thread_loop_new("offhook-pw", nullptr);
}

PipewireConnection::~PipewireConnection() {
  stop();
  pw_thread_loop_destroy(loop_);
}

Result<> PipewireConnection::start() {
  context_ = pw_context_new(pw_thread_loop_get_loop(loop_), nullptr, 0);
  if (context_ == nullptr || pw_thread_loop_start(loop_) < 0) {
    return fail(Errc::unreachable, "PipeWire: its client does not start");
  }
  started_ = true;
  {
    const PipewireLock lock{loop_};
    if (!connect()) {
      return fail(Errc::unreachable, "no PipeWire server");
    }
  }
  // Twice, because the defaults are only asked for once the registry has told of them.
  for (int round = 0; round < 2; ++round) {
    const bool known = wait_for([&] { return failed_ || synced_ == sync_; });
    if (!known || failed_) {
      return fail(Errc::unreachable, "the PipeWire server does not answer");
    }
    const PipewireLock lock{loop_};
    sync_ = pw_core_sync(core_, PW_ID_CORE, 0);
  }
  const PipewireLock lock{loop_};
  if (metadata_ == nullptr) {
    return fail(Errc::unreachable, "PipeWire runs without a session manager");
  }
  return {};
}

Result<> PipewireConnection::has_devices() const {
  if (devices_.empty()) {
    return fail(Errc::unreachable, "PipeWire has no sound devices");
  }
  return {};
}

void PipewireConnection::stop() {
  if (started_) {
    const PipewireLock lock{loop_};
    disconnect();
  }
  if (started_) {
    pw_thread_loop_stop(loop_);
    started_ = false;
  }
  if (context_ != nullptr) {
    pw_context_destroy(context_);
    context_ = nullptr;
  }
}

bool PipewireConnection::connect() {
  disconnect();
  core_ = pw_context_connect(context_, nullptr, 0);
  if (core_ == nullptr) {
    return false;
  }
  failed_ = false;
  pw_core_add_listener(core_, &core_hook_, &Events::core(), this);
  registry_ = pw_core_get_registry(core_, PW_VERSION_REGISTRY, 0);
  pw_registry_add_listener(registry_, &registry_hook_, &Events::registry(), this);
  synced_ = -1;
  sync_ = pw_core_sync(core_, PW_ID_CORE, 0);
  return true;
}

void PipewireConnection::disconnect() {
  if (metadata_ != nullptr) {
    spa_hook_remove(&metadata_hook_);
    pw_proxy_destroy(metadata_);
    metadata_ = nullptr;
  }
  if (registry_ != nullptr) {
    spa_hook_remove(&registry_hook_);
    pw_proxy_destroy(reinterpret_cast<pw_proxy*>(registry_));
    registry_ = nullptr;
  }
  if (core_ != nullptr) {
    spa_hook_remove(&core_hook_);
    pw_core_disconnect(core_);
    core_ = nullptr;
  }
  devices_.clear();
  defaults_ = {};
}

bool PipewireConnection::wait_for(const std::function<bool()>& condition) const {
  const auto end = std::chrono::steady_clock::now() + connection_patience;
  while (std::chrono::steady_clock::now() < end) {
    {
      const PipewireLock lock{loop_};
      if (condition()) {
        return true;
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return false;
}

void PipewireConnection::on_global(std::uint32_t id, const char* type, const spa_dict* properties) {
  if (std::strcmp(type, PW_TYPE_INTERFACE_Metadata) == 0 && metadata_ == nullptr &&
      text_of(properties, PW_KEY_METADATA_NAME) == "default") {
    metadata_ =
        static_cast<pw_proxy*>(pw_registry_bind(registry_, id, type, PW_VERSION_METADATA, 0));
    pw_metadata_add_listener(reinterpret_cast<pw_metadata*>(metadata_), &metadata_hook_,
                             &Events::metadata(), this);
    return;
  }
  const std::string media_class = text_of(properties, PW_KEY_MEDIA_CLASS);
  const bool source = media_class.starts_with("Audio/Source");
  if (std::strcmp(type, PW_TYPE_INTERFACE_Node) != 0 || (!source && media_class != "Audio/Sink")) {
    return;
  }
  DeviceInfo device;
  device.name = text_of(properties, PW_KEY_NODE_NAME);
  device.description = text_of(properties, PW_KEY_NODE_DESCRIPTION);
  if (device.description.empty()) {
    device.description = device.name;
  }
  device.kind = source ? DeviceKind::microphone : DeviceKind::loudspeaker;
  device.backend = "pipewire";
  device.cancels_echo =
      source && names_echo_canceller(device.name + " " + device.description + " " +
                                     text_of(properties, PW_KEY_MEDIA_NAME) + " " +
                                     text_of(properties, PW_KEY_NODE_GROUP));
  devices_[id] = std::move(device);
  changed(false);
}

void PipewireConnection::on_removed(std::uint32_t id) {
  if (devices_.erase(id) > 0) {
    changed(false);
  }
}

int PipewireConnection::on_metadata(const char* key, const char* value) {
  const std::string_view name = key == nullptr ? "" : key;
  if (name == "default.audio.sink") {
    defaults_[static_cast<std::size_t>(DeviceKind::loudspeaker)] = name_in(value);
    changed(false);
  } else if (name == "default.audio.source") {
    defaults_[static_cast<std::size_t>(DeviceKind::microphone)] = name_in(value);
    changed(false);
  }
  return 0;
}

void PipewireConnection::changed(bool lost) {
  if (on_change) {
    on_change(lost);
  }
}

std::vector<DeviceInfo> PipewireConnection::devices() const {
  std::vector<DeviceInfo> list;
  for (const auto& [id, device] : devices_) {
    list.push_back(device);
    list.back().is_default = device.name == default_name(device.kind);
  }
  return list;
}

bool PipewireConnection::cancels_echo(const std::string& name) const {
  for (const auto& [id, device] : devices_) {
    if (device.name == name && device.cancels_echo) {
      return true;
    }
  }
  return false;
}

DeviceList list_pipewire() {
  PipewireConnection connection;
  auto started = connection.start();
  if (!started) {
    return fail(std::move(started).error());
  }
  const PipewireLock lock{connection.loop()};
  auto present = connection.has_devices();
  if (!present) {
    return fail(std::move(present).error());
  }
  return connection.devices();
}

}  // namespace offhook::audio
