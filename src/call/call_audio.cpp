#include "call/call_audio.hpp"

#include <algorithm>
#include <cmath>

#include "audio/device/device.hpp"
#include "audio/sound_file.hpp"

namespace offhook::call {
namespace {

bool is_silent(const audio::Frame& frame) noexcept {
  double energy = 0;
  for (const std::int16_t sample : frame.samples()) {
    energy += static_cast<double>(sample) * sample;
  }
  constexpr double threshold_rms = 104;  // -50 dBFS
  return frame.size == 0 || std::sqrt(energy / frame.size) < threshold_rms;
}

}  // namespace

Result<std::unique_ptr<CallAudio>> CallAudio::open(const AudioOptions& options) {
  std::unique_ptr<CallAudio> audio{new CallAudio{options.rate_hz}};
  audio->send_from_port_ = options.input == "device";
  audio->play_to_port_ = options.output == "device";
  if (!audio->send_from_port_ && options.input != "null") {
    auto sound = audio::read_sound(options.input, options.rate_hz);
    if (!sound) {
      return fail(std::move(sound).error().with("--audio"));
    }
    audio->input_ = std::move(sound->samples);
  }
  if (!audio->play_to_port_ && options.output != "null") {
    auto output = audio::Recorder::create(options.output, options.rate_hz, 1);
    if (!output) {
      return fail(std::move(output).error().with("--play"));
    }
    audio->output_ = std::move(*output);
  }
  auto recording = audio->open_recording(options);
  if (!recording) {
    return fail(std::move(recording).error());
  }
  if (audio->send_from_port_ || audio->play_to_port_) {
    auto device = audio::open_default_device(options.rate_hz);
    if (!device) {
      return fail(std::move(device).error());
    }
    audio->device_ = std::move(*device);
    audio->port_ = audio->device_.get();
  }
  return audio;
}

Result<std::unique_ptr<CallAudio>> CallAudio::around(audio::Port& port,
                                                     const AudioOptions& options) {
  std::unique_ptr<CallAudio> audio{new CallAudio{options.rate_hz}};
  audio->port_ = &port;
  audio->send_from_port_ = true;
  audio->play_to_port_ = true;
  auto recording = audio->open_recording(options);
  if (!recording) {
    return fail(std::move(recording).error());
  }
  return audio;
}

Result<> CallAudio::open_recording(const AudioOptions& options) {
  if (options.record.empty()) {
    return {};
  }
  auto recording = audio::Recorder::create(options.record, options.rate_hz, 2);
  if (!recording) {
    return fail(std::move(recording).error().with("--record"));
  }
  recording_ = std::move(*recording);
  return {};
}

void CallAudio::exchange(const audio::Frame& received, audio::Frame& to_send) noexcept {
  quiet_frames_ = is_silent(received) ? quiet_frames_ + 1 : 0;
  if (port_ != nullptr) {
    audio::Frame silence = to_send;  // comes in silent
    audio::Frame from_port = to_send;
    port_->exchange(play_to_port_ ? received : silence, from_port);
    if (send_from_port_) {
      to_send = from_port;
    }
  }
  if (!input_.empty() && input_started_ && !input_ended_) {
    const std::size_t count = std::min<std::size_t>(to_send.size, input_.size() - position_);
    std::copy_n(input_.begin() + static_cast<std::ptrdiff_t>(position_), count,
                to_send.storage.begin());
    position_ += count;
    input_ended_ = position_ == input_.size();
  }
  if (muted_) {
    std::ranges::fill(to_send.samples(), std::int16_t{0});
  }
  if (output_) {
    output_->write(received, received);
  }
  if (recording_) {
    recording_->write(to_send, received);
  }
}

std::uint64_t CallAudio::dropped_recording_frames() const noexcept {
  return recording_ ? recording_->dropped_frames() : 0;
}

}  // namespace offhook::call
