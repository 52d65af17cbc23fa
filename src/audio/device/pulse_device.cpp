#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include <pulse/error.h>
#include <pulse/simple.h>

#include "audio/device/device.hpp"
#include "audio/device/frame_exchange.hpp"
#include "base/c_handle.hpp"

namespace offhook::audio {
namespace {

using StreamHandle = CHandle<pa_simple, pa_simple_free>;

/// A stalled server must not keep the program from ending.
constexpr std::chrono::seconds longest_wait_for_thread{1};

Result<StreamHandle> open_stream(pa_stream_direction_t direction, int rate_hz) {
  pa_sample_spec spec{};
  spec.format = PA_SAMPLE_S16NE;
  spec.rate = static_cast<std::uint32_t>(rate_hz);
  spec.channels = 1;
  const auto frame_bytes =
      static_cast<std::uint32_t>(samples_per_frame(rate_hz) * sizeof(std::int16_t));
  pa_buffer_attr buffer{};
  buffer.maxlength = 8 * frame_bytes;
  buffer.tlength = 2 * frame_bytes;
  buffer.prebuf = frame_bytes;
  buffer.minreq = frame_bytes / 2;
  buffer.fragsize = frame_bytes / 2;
  const bool capture = direction == PA_STREAM_RECORD;
  int error = 0;
  StreamHandle stream{pa_simple_new(nullptr, "offhook", direction, nullptr,
                                    capture ? "microphone" : "loudspeaker", &spec, nullptr, &buffer,
                                    &error)};
  if (stream) {
    return stream;
  }
  if (error == PA_ERR_NOENTITY) {
    return fail(Errc::not_found, std::string{"no sound device: the sound server has no "} +
                                     (capture ? "microphone" : "loudspeaker") +
                                     "; use --audio FILE or --audio null");
  }
  return fail(Errc::not_found,
              std::string{"no sound device: no PulseAudio or PipeWire server answers ("} +
                  pa_strerror(error) + "); use --audio FILE or --audio null");
}

/// What the threads work on; they share its ownership, so it outlives a device that left them.
struct Streams {
  Streams(int rate, StreamHandle microphone_stream, StreamHandle loudspeaker_stream)
      : rate_hz{rate},
        exchange{rate},
        microphone{std::move(microphone_stream)},
        loudspeaker{std::move(loudspeaker_stream)} {}

  int rate_hz;
  FrameExchange exchange;
  StreamHandle microphone;
  StreamHandle loudspeaker;
  std::atomic<bool> stop{false};
  std::atomic<bool> lost{false};
};

void capture(Streams& streams) {
  Frame frame;
  frame.silence(streams.rate_hz);
  while (!streams.stop) {
    if (pa_simple_read(streams.microphone.get(), frame.storage.data(), frame.samples().size_bytes(),
                       nullptr) < 0) {
      streams.lost = true;
      return;
    }
    streams.exchange.captured(frame);
  }
}

void play(Streams& streams) {
  Frame frame;
  while (!streams.stop) {
    streams.exchange.next_to_play(frame);
    if (pa_simple_write(streams.loudspeaker.get(), frame.storage.data(),
                        frame.samples().size_bytes(), nullptr) < 0) {
      streams.lost = true;
      return;
    }
  }
}

/// A thread that is left to itself when it does not end in time.
class Worker {
 public:
  Worker(const std::shared_ptr<Streams>& streams, void (*work)(Streams&)) {
    std::promise<void> ended;
    ended_ = ended.get_future();
    thread_ = std::thread{[held = streams, work, ended = std::move(ended)]() mutable {
      work(*held);
      held.reset();
      ended.set_value();
    }};
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  Worker(Worker&&) = delete;
  Worker& operator=(Worker&&) = delete;
  ~Worker() {
    if (ended_.wait_for(longest_wait_for_thread) == std::future_status::ready) {
      thread_.join();
    } else {
      thread_.detach();
    }
  }

 private:
  std::future<void> ended_;
  std::thread thread_;
};

class PulseDevice final : public Device {
 public:
  explicit PulseDevice(std::shared_ptr<Streams> streams)
      : streams_{std::move(streams)}, capture_{streams_, capture}, play_{streams_, play} {}
  PulseDevice(const PulseDevice&) = delete;
  PulseDevice& operator=(const PulseDevice&) = delete;
  PulseDevice(PulseDevice&&) = delete;
  PulseDevice& operator=(PulseDevice&&) = delete;
  ~PulseDevice() override { streams_->stop = true; }  // the workers' destructors wait

  void exchange(const Frame& received, Frame& to_send) noexcept override {
    streams_->exchange.exchange(received, to_send);
  }
  [[nodiscard]] bool lost() const noexcept override { return streams_->lost; }

 private:
  std::shared_ptr<Streams> streams_;
  Worker capture_;
  Worker play_;
};

}  // namespace

Result<std::unique_ptr<Device>> open_default_device(int rate_hz) {
  auto loudspeaker = open_stream(PA_STREAM_PLAYBACK, rate_hz);
  if (!loudspeaker) {
    return fail(std::move(loudspeaker).error());
  }
  auto microphone = open_stream(PA_STREAM_RECORD, rate_hz);
  if (!microphone) {
    return fail(std::move(microphone).error());
  }
  auto streams =
      std::make_shared<Streams>(rate_hz, std::move(*microphone), std::move(*loudspeaker));
  return std::make_unique<PulseDevice>(std::move(streams));
}

}  // namespace offhook::audio
