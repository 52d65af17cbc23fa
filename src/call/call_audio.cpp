#include "call/call_audio.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "audio/sound_file.hpp"

namespace offhook::call {
namespace {

constexpr float silence_db = -50;

float level_db(const audio::Frame& frame) noexcept {
  double energy = 0;
  for (const std::int16_t sample : frame.samples()) {
    energy += static_cast<double>(sample) * sample;
  }
  constexpr double full_scale = 32'768.0 * 32'768.0;
  constexpr double lowest = 1e-10;  // -100 dBFS
  const double mean = frame.size == 0 ? 0 : energy / frame.size / full_scale;
  return static_cast<float>(10 * std::log10(std::max(mean, lowest)));
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
    audio->output_ = {.path = options.output, .recorder = std::move(*output)};
  }
  auto recording = audio->open_recording(options);
  if (!recording) {
    return fail(std::move(recording).error());
  }
  if (audio->send_from_port_ || audio->play_to_port_) {
    auto opened = audio->open_device(options);
    if (!opened) {
      return fail(std::move(opened).error());
    }
  }
  return audio;
}

Result<> CallAudio::open_device(const AudioOptions& options) {
  audio::DeviceOptions device{.rate_hz = options.rate_hz,
                              .request = {.microphone = options.microphone,
                                          .loudspeaker = options.loudspeaker,
                                          .backend = options.backend}};
  if (send_from_port_) {
    device.voice = options.voice;
  }
  if (!play_to_port_) {
    device.voice.engine = audio::VoiceEngine::off;  // without the model in the loudspeaker, no echo
  }
  auto opened = audio::open_device(device);
  if (!opened) {
    return fail(std::move(opened).error());
  }
  device_ = std::move(*opened);
  port_ = device_.get();
  return {};
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
  std::filesystem::path path{options.record};
  if (!path.has_extension()) {
    path += ".flac";
  }
  auto recording = audio::Recorder::create(path.string(), options.rate_hz, 2);
  if (!recording) {
    return fail(std::move(recording).error().with("--record"));
  }
  recording_ = {.path = path.string(), .recorder = std::move(*recording)};
  return {};
}

void CallAudio::exchange(const audio::Frame& received, audio::Frame& to_send) noexcept {
  const float received_db = level_db(received);
  received_level_db_ = received_db;
  quiet_frames_ = received_db < silence_db ? quiet_frames_ + 1 : 0;
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
  sent_level_db_ = level_db(to_send);
  if (output_.recorder) {
    output_.recorder->write(received, received);
  }
  if (recording_.recorder) {
    recording_.recorder->write(to_send, received);
  }
}

std::uint64_t CallAudio::dropped_recording_frames() const noexcept {
  return recording_.recorder ? recording_.recorder->dropped_frames() : 0;
}

std::optional<std::string> CallAudio::next_failed_file() {
  for (File* file : {&recording_, &output_}) {
    if (file->recorder && file->recorder->failed() && !file->failure_told) {
      file->failure_told = true;
      return file->path;
    }
  }
  return std::nullopt;
}

}  // namespace offhook::call
