#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "audio/device/backends.hpp"
#include "audio/recorder.hpp"
#include "audio/sound_file.hpp"

namespace offhook::audio {
namespace {

constexpr std::string_view file_prefix = "file:";
constexpr std::string_view loop_name = "loop";
constexpr std::chrono::milliseconds block_duration{10};
// The air of "loop": 50 ms.
constexpr std::size_t loop_samples = 5 * device_block_samples;
constexpr int loop_attenuation = 4;  // 12 dB

std::string path_of(const std::string& name) {
  return name.starts_with(file_prefix) ? name.substr(file_prefix.size()) : std::string{};
}

class VirtualDevice final : public AudioDevice {
 public:
  /// @param input  What the microphone hears over and over; the loop's delay line, silent at first.
  VirtualDevice(std::vector<std::int16_t> input,
                std::unique_ptr<Recorder> output,
                bool loop,
                DeviceCallback& callback)
      : input_{std::move(input)},
        output_{std::move(output)},
        loop_{loop},
        callback_{callback},
        thread_{[this] { run(); }} {}
  VirtualDevice(const VirtualDevice&) = delete;
  VirtualDevice& operator=(const VirtualDevice&) = delete;
  ~VirtualDevice() override {
    stop_ = true;
    thread_.join();
  }

  [[nodiscard]] std::string_view backend() const noexcept override { return "null"; }
  [[nodiscard]] std::optional<DeviceNotice> next_notice() override { return std::nullopt; }
  [[nodiscard]] DeviceCounters counters() const noexcept override { return {}; }
  [[nodiscard]] bool running() const noexcept override { return true; }

 private:
  void run() {
    auto due = std::chrono::steady_clock::now();
    while (!stop_) {
      step();
      due += block_duration;
      std::this_thread::sleep_until(due);
    }
  }

  void step() {
    std::array<std::int16_t, device_block_samples> block{};
    for (std::size_t i = 0; i < block.size() && !input_.empty(); ++i) {
      block[i] = input_[(position_ + i) % input_.size()];
    }
    callback_.captured(block);
    callback_.play(block);
    for (std::size_t i = 0; i < block.size() && loop_; ++i) {
      input_[(position_ + i) % input_.size()] =
          static_cast<std::int16_t>(block[i] / loop_attenuation);
    }
    position_ += block.size();
    if (output_) {
      write(block);
    }
  }

  /// The recorder takes 20 ms at a time.
  void write(std::span<const std::int16_t> block) {
    const std::size_t at = frame_.size;
    std::ranges::copy(block, frame_.storage.begin() + static_cast<std::ptrdiff_t>(at));
    frame_.size = static_cast<std::uint16_t>(at + block.size());
    if (frame_.size == max_frame_samples) {
      output_->write(frame_, frame_);
      frame_.size = 0;
    }
  }

  std::vector<std::int16_t> input_;
  std::size_t position_ = 0;
  std::unique_ptr<Recorder> output_;
  bool loop_;
  Frame frame_{};
  DeviceCallback& callback_;
  std::atomic<bool> stop_{false};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

bool is_virtual_device(std::string_view name) noexcept {
  return name == "null" || name == loop_name || name.starts_with(file_prefix);
}

OpenedDevice open_virtual_device(const DeviceRequest& request, DeviceCallback& callback) {
  std::vector<std::int16_t> input;
  std::unique_ptr<Recorder> output;
  const bool loop = request.microphone == loop_name;
  if (loop) {
    input.resize(loop_samples);
  }
  if (const std::string path = path_of(request.microphone); !path.empty()) {
    auto sound = read_sound(path, device_rate_hz);
    if (!sound) {
      return fail(std::move(sound).error().with("microphone"));
    }
    input = std::move(sound->samples);
  }
  if (const std::string path = path_of(request.loudspeaker); !path.empty()) {
    auto recorder = Recorder::create(path, device_rate_hz, 1);
    if (!recorder) {
      return fail(std::move(recorder).error().with("loudspeaker"));
    }
    output = std::move(*recorder);
  }
  return std::make_unique<VirtualDevice>(std::move(input), std::move(output), loop, callback);
}

}  // namespace offhook::audio
