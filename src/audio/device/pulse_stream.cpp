#include "audio/device/pulse_stream.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include <pulse/context.h>
#include <pulse/error.h>
#include <pulse/introspect.h>
#include <pulse/operation.h>

namespace offhook::audio {
namespace {

constexpr std::uint32_t block_bytes = device_block_samples * sizeof(std::int16_t);
constexpr std::uint32_t least_playback_bytes = block_bytes * 3 / 2;
constexpr std::uint32_t playback_step_bytes = block_bytes / 2;
constexpr std::uint32_t most_playback_bytes = 6 * block_bytes;
constexpr auto unset = static_cast<std::uint32_t>(-1);

/// Small requests leave room for the device: of the 15 ms to be played the server takes what is
/// over two requests, halved, for the device itself, and holds the rest for the stream. With 5 ms
/// for the device a minute goes without gaps; with 2.5 ms, of 10 ms to be played, it had 3 to 5 on
/// an idle machine. Where 15 ms do not do, the first gaps tell, and more is held.
pa_buffer_attr short_buffer(std::uint32_t playback_bytes) {
  pa_buffer_attr buffer{};
  buffer.maxlength = unset;
  buffer.tlength = playback_bytes;
  buffer.prebuf = unset;
  buffer.minreq = block_bytes / 4;
  buffer.fragsize = block_bytes / 2;
  return buffer;
}

}  // namespace

void PulseStream::open(pa_context* context, const std::string& device) {
  close();
  pa_sample_spec spec{};
  spec.format = PA_SAMPLE_S16NE;
  spec.rate = device_rate_hz;
  spec.channels = 1;
  stream_ = pa_stream_new(context, to_string(kind_).data(), &spec, nullptr);
  if (stream_ == nullptr) {
    return;
  }
  set_callbacks();
  playback_bytes_ = least_playback_bytes;
  const pa_buffer_attr buffer = short_buffer(playback_bytes_);
  const auto flags = PA_STREAM_ADJUST_LATENCY;
  const char* name = device.empty() ? nullptr : device.c_str();
  const int failed =
      kind_ == DeviceKind::microphone
          ? pa_stream_connect_record(stream_, name, &buffer, flags)
          : pa_stream_connect_playback(stream_, name, &buffer, flags, nullptr, nullptr);
  if (failed < 0) {
    close();
  }
}

void PulseStream::set_callbacks() {
  pa_stream_set_state_callback(
      stream_, [](pa_stream*, void* self) { static_cast<PulseStream*>(self)->state_changed(); },
      this);
  pa_stream_set_moved_callback(
      stream_, [](pa_stream*, void* self) { static_cast<PulseStream*>(self)->was_moved(); }, this);
  if (kind_ == DeviceKind::microphone) {
    pa_stream_set_read_callback(
        stream_,
        [](pa_stream*, std::size_t, void* self) { static_cast<PulseStream*>(self)->capture(); },
        this);
    pa_stream_set_overflow_callback(
        stream_,
        [](pa_stream*, void* self) {
          static_cast<PulseStream*>(self)->journal_.count_capture_gap();
        },
        this);
  } else {
    pa_stream_set_write_callback(
        stream_,
        [](pa_stream*, std::size_t bytes, void* self) {
          static_cast<PulseStream*>(self)->play(bytes);
        },
        this);
    pa_stream_set_underflow_callback(
        stream_, [](pa_stream*, void* self) { static_cast<PulseStream*>(self)->ran_dry(); }, this);
  }
}

void PulseStream::close() {
  if (stream_ == nullptr) {
    return;
  }
  pa_stream_set_state_callback(stream_, nullptr, nullptr);
  pa_stream_set_moved_callback(stream_, nullptr, nullptr);
  pa_stream_set_read_callback(stream_, nullptr, nullptr);
  pa_stream_set_write_callback(stream_, nullptr, nullptr);
  pa_stream_set_overflow_callback(stream_, nullptr, nullptr);
  pa_stream_set_underflow_callback(stream_, nullptr, nullptr);
  pa_stream_disconnect(stream_);
  pa_stream_unref(stream_);
  stream_ = nullptr;
}

void PulseStream::move_to(pa_context* context, const std::string& device) {
  const std::uint32_t index = pa_stream_get_index(stream_);
  pa_operation* operation =
      kind_ == DeviceKind::microphone
          ? pa_context_move_source_output_by_name(context, index, device.c_str(), nullptr, nullptr)
          : pa_context_move_sink_input_by_name(context, index, device.c_str(), nullptr, nullptr);
  if (operation != nullptr) {
    pa_operation_unref(operation);
  }
}

bool PulseStream::ready() const {
  return stream_ != nullptr && pa_stream_get_state(stream_) == PA_STREAM_READY;
}

bool PulseStream::failed() const {
  return stream_ == nullptr || !PA_STREAM_IS_GOOD(pa_stream_get_state(stream_));
}

std::string PulseStream::device() const {
  const char* name = ready() ? pa_stream_get_device_name(stream_) : nullptr;
  return name == nullptr ? std::string{} : std::string{name};
}

void PulseStream::state_changed() {
  const pa_stream_state_t state = pa_stream_get_state(stream_);
  if (state == PA_STREAM_READY && lost_) {
    lost_ = false;
    journal_.tell({.kind = DeviceNotice::Kind::returned, .device = kind_, .text = device()});
  }
  if (PA_STREAM_IS_GOOD(state) && state != PA_STREAM_READY) {
    return;
  }
  if (!PA_STREAM_IS_GOOD(state) && !lost_ && change_ != nullptr) {
    lost_ = true;
    const int error = pa_context_errno(pa_stream_get_context(stream_));
    journal_.tell({.kind = DeviceNotice::Kind::lost, .device = kind_, .text = pa_strerror(error)});
  }
  if (change_ != nullptr) {
    change_(*this, change_data_);
  }
}

/// The server came too late for what it holds: it holds more from now on.
void PulseStream::ran_dry() {
  journal_.count_playback_gap();
  if (playback_bytes_ >= most_playback_bytes) {
    return;
  }
  hold(playback_bytes_ + playback_step_bytes);
}

void PulseStream::hold(std::uint32_t bytes) {
  playback_bytes_ = bytes;
  const pa_buffer_attr buffer = short_buffer(playback_bytes_);
  pa_operation* operation = pa_stream_set_buffer_attr(stream_, &buffer, nullptr, nullptr);
  if (operation != nullptr) {
    pa_operation_unref(operation);
  }
}

void PulseStream::was_moved() {
  if (kind_ == DeviceKind::loudspeaker && playback_bytes_ != least_playback_bytes) {
    hold(least_playback_bytes);  // what the last device needed says nothing of this one
  }
  journal_.tell({.kind = DeviceNotice::Kind::moved, .device = kind_, .text = device()});
  if (change_ != nullptr) {
    change_(*this, change_data_);
  }
}

void PulseStream::capture() {
  static constexpr std::array<std::int16_t, device_block_samples> silence{};
  while (pa_stream_readable_size(stream_) > 0) {
    const void* data = nullptr;
    std::size_t bytes = 0;
    if (pa_stream_peek(stream_, &data, &bytes) < 0 || bytes == 0) {
      return;
    }
    std::size_t left = bytes / sizeof(std::int16_t);
    if (data != nullptr) {
      callback_.captured({static_cast<const std::int16_t*>(data), left});
    } else {  // a hole: time passes, so that delays stay what they are
      journal_.count_capture_gap();
      while (left > 0) {
        const std::size_t count = std::min(left, silence.size());
        callback_.captured({silence.data(), count});
        left -= count;
      }
    }
    pa_stream_drop(stream_);
  }
}

void PulseStream::play(std::size_t bytes) {
  while (bytes >= sizeof(std::int16_t)) {
    void* data = nullptr;
    std::size_t room = bytes;
    if (pa_stream_begin_write(stream_, &data, &room) < 0 || data == nullptr) {
      return;
    }
    room = std::min(room, bytes) & ~std::size_t{1};
    callback_.play({static_cast<std::int16_t*>(data), room / sizeof(std::int16_t)});
    pa_stream_write(stream_, data, room, nullptr, 0, PA_SEEK_RELATIVE);
    bytes -= room;
  }
}

}  // namespace offhook::audio
