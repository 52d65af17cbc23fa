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
constexpr std::chrono::milliseconds block_duration{10};

std::string path_of(const std::string& name) {
  return name.starts_with(file_prefix) ? name.substr(file_prefix.size()) : std::string{};
}

class VirtualDevice final : public AudioDevice {
 public:
  VirtualDevice(std::vector<std::int16_t> input,
                std::unique_ptr<Recorder> output,
                DeviceCallback& callback)
      : input_{std::move(input)}, output_{std::move(output)}, callback_{callback}, thread_{[this] {
          run();
        }} {}
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
    for (std::int16_t& sample : block) {
      sample = input_.empty() ? std::int16_t{0} : input_[position_++ % input_.size()];
    }
    callback_.captured(block);
    callback_.play(block);
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
  Frame frame_{};
  DeviceCallback& callback_;
  std::atomic<bool> stop_{false};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

bool is_virtual_device(std::string_view name) noexcept {
  return name == "null" || name.starts_with(file_prefix);
}

OpenedDevice open_virtual_device(const DeviceRequest& request, DeviceCallback& callback) {
  std::vector<std::int16_t> input;
  std::unique_ptr<Recorder> output;
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
  return std::make_unique<VirtualDevice>(std::move(input), std::move(output), callback);
}

}  // namespace offhook::audio
