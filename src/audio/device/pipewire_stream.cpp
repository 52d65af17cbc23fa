#include "audio/device/pipewire_stream.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <pipewire/core.h>
#include <pipewire/keys.h>
#include <pipewire/properties.h>
#include <pipewire/version.h>
#include <spa/param/audio/format-utils.h>

// PipeWire's calls are macros with casts of C.
#pragma GCC diagnostic ignored "-Wold-style-cast"

namespace offhook::audio {
namespace {

constexpr const char* latency = "480/48000";

pw_properties* make_properties(DeviceKind kind, const std::string& device) {
  pw_properties* properties = pw_properties_new(nullptr, nullptr);
  const bool microphone = kind == DeviceKind::microphone;
  pw_properties_set(properties, PW_KEY_MEDIA_TYPE, "Audio");
  pw_properties_set(properties, PW_KEY_MEDIA_CATEGORY, microphone ? "Capture" : "Playback");
  pw_properties_set(properties, PW_KEY_MEDIA_ROLE, "Communication");
  pw_properties_set(properties, PW_KEY_NODE_LATENCY, latency);
  pw_properties_set(properties, PW_KEY_NODE_NAME, "offhook");
  pw_properties_set(properties, PW_KEY_MEDIA_NAME, to_string(kind).data());
  if (device.empty()) {
    return properties;
  }
  constexpr std::string_view monitor = ".monitor";
  if (microphone && device.ends_with(monitor)) {  // as PulseAudio names what a sink plays
    const std::string sink = device.substr(0, device.size() - monitor.size());
    pw_properties_set(properties, PW_KEY_STREAM_CAPTURE_SINK, "true");
    pw_properties_set(properties, PW_KEY_TARGET_OBJECT, sink.c_str());
  } else {
    pw_properties_set(properties, PW_KEY_TARGET_OBJECT, device.c_str());
  }
  return properties;
}

}  // namespace

struct PipewireStream::Events {
  static PipewireStream& self(void* data) { return *static_cast<PipewireStream*>(data); }
  static void state(void* data, pw_stream_state /*old*/, pw_stream_state now, const char* error) {
    self(data).state_changed(now, error);
  }
  static void process(void* data) {
    if (self(data).kind_ == DeviceKind::microphone) {
      self(data).capture();
    } else {
      self(data).play();
    }
  }
  static const pw_stream_events& table() {
    static const pw_stream_events events = [] {
      pw_stream_events made{};
      made.version = PW_VERSION_STREAM_EVENTS;
      made.state_changed = state;
      made.process = process;
      return made;
    }();
    return events;
  }
};

void PipewireStream::open(pw_core* core, const std::string& device) {
  close();
  gaps_.restart();
  state_ = State::connecting;
  stream_ = pw_stream_new(core, "offhook", make_properties(kind_, device));
  if (stream_ == nullptr) {
    state_ = State::failed;
    return;
  }
  pw_stream_add_listener(stream_, &hook_, &Events::table(), this);
  std::array<std::uint8_t, 1'024> buffer;
  spa_pod_builder builder{};
  spa_pod_builder_init(&builder, buffer.data(), buffer.size());
  spa_audio_info_raw format{};
  format.format = SPA_AUDIO_FORMAT_S16;
  format.rate = device_rate_hz;
  format.channels = 1;
  format.position[0] = SPA_AUDIO_CHANNEL_MONO;
  std::array<const spa_pod*, 1> parameters{
      spa_format_audio_raw_build(&builder, SPA_PARAM_EnumFormat, &format)};
  const auto flags = static_cast<pw_stream_flags>(
      PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_MAP_BUFFERS | PW_STREAM_FLAG_RT_PROCESS);
  const auto direction = kind_ == DeviceKind::microphone ? PW_DIRECTION_INPUT : PW_DIRECTION_OUTPUT;
  if (pw_stream_connect(stream_, direction, PW_ID_ANY, flags, parameters.data(),
                        parameters.size()) < 0) {
    state_ = State::failed;
  }
}

void PipewireStream::close() {
  if (stream_ != nullptr) {
    spa_hook_remove(&hook_);
    pw_stream_destroy(stream_);
    stream_ = nullptr;
  }
}

void PipewireStream::state_changed(pw_stream_state state, const char* error) {
  switch (state) {
    case PW_STREAM_STATE_STREAMING: state_ = State::running; break;
    case PW_STREAM_STATE_PAUSED: state_ = State::waiting; break;
    case PW_STREAM_STATE_ERROR:
      state_ = State::failed;
      error_ = error == nullptr ? "" : error;
      break;
    case PW_STREAM_STATE_UNCONNECTED: state_ = State::failed; break;
    case PW_STREAM_STATE_CONNECTING: break;
  }
  if (change_ != nullptr) {
    change_(change_data_);
  }
}

/// The clock of the graph goes on where turns are missed, ours or the device's.
void PipewireStream::look_for_gap(std::size_t samples) noexcept {
#if PW_MAJOR > 0 || PW_MINOR > 3 || PW_MICRO >= 50
  pw_time time{};
  if (pw_stream_get_time_n(stream_, &time, sizeof time) == 0 && time.rate.num > 0 &&
      time.rate.denom > 0 &&
      gaps_.is_gap(time.ticks, static_cast<double>(time.rate.denom) / time.rate.num, samples)) {
    journal_.count_capture_gap();
  }
#else
  (void)samples;
#endif
}

void PipewireStream::capture() noexcept {
  std::size_t samples_now = 0;
  while (pw_buffer* buffer = pw_stream_dequeue_buffer(stream_)) {
    const spa_data& data = buffer->buffer->datas[0];
    if (data.data != nullptr && data.chunk->offset <= data.maxsize) {
      const std::size_t bytes =
          std::min<std::size_t>(data.chunk->size, data.maxsize - data.chunk->offset);
      const auto* samples = static_cast<const std::uint8_t*>(data.data) + data.chunk->offset;
      samples_now += bytes / sizeof(std::int16_t);
      callback_.captured(
          {static_cast<const std::int16_t*>(static_cast<const void*>(samples)), bytes / 2});
    }
    pw_stream_queue_buffer(stream_, buffer);
  }
  look_for_gap(samples_now);
}

void PipewireStream::play() noexcept {
  pw_buffer* buffer = pw_stream_dequeue_buffer(stream_);
  if (buffer == nullptr) {
    journal_.count_playback_gap();
    return;
  }
  spa_data& data = buffer->buffer->datas[0];
  if (data.data != nullptr) {
    std::size_t count = data.maxsize / sizeof(std::int16_t);
    if (buffer->requested > 0) {
      count = std::min<std::size_t>(count, buffer->requested);
    }
    callback_.play({static_cast<std::int16_t*>(data.data), count});
    data.chunk->offset = 0;
    data.chunk->stride = sizeof(std::int16_t);
    data.chunk->size = static_cast<std::uint32_t>(count * sizeof(std::int16_t));
  }
  pw_stream_queue_buffer(stream_, buffer);
}

}  // namespace offhook::audio
