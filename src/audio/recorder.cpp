#include "audio/recorder.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "audio/sound_file.hpp"
#include "base/spsc_ring.hpp"

namespace offhook::audio {

namespace {

struct Pair {
  Frame left;
  Frame right;
};
constexpr std::size_t ring_frames = 100;  // 2 s

}  // namespace

class Recorder::Writer {
 public:
  Writer(SoundWriter file, int channels) : file_{std::move(file)}, channels_{channels} {}

  bool push(const Pair& pair) noexcept { return ring_.push(pair); }

  /// Writes everything queued. @return false when the file takes no more.
  bool drain() {
    Pair pair;
    while (ring_.pop(pair)) {
      block_.clear();
      for (std::size_t i = 0; i < pair.left.size; ++i) {
        block_.push_back(pair.left.storage[i]);
        if (channels_ == 2) {
          block_.push_back(i < pair.right.size ? pair.right.storage[i] : std::int16_t{0});
        }
      }
      if (!file_.write(block_)) {
        return false;
      }
    }
    return true;
  }

 private:
  SoundWriter file_;
  int channels_;
  SpscRing<Pair> ring_{ring_frames};
  std::vector<std::int16_t> block_;
};

Result<std::unique_ptr<Recorder>> Recorder::create(const std::string& path,
                                                   int rate_hz,
                                                   int channels) {
  auto file = SoundWriter::create(path, rate_hz, channels);
  if (!file) {
    return fail(std::move(file).error());
  }
  return std::unique_ptr<Recorder>{
      new Recorder{std::make_unique<Writer>(std::move(*file), channels)}};
}

// The thread looks at the ring every 50 ms instead of being woken, so that the media thread never
// makes a system call for it. Only the end wakes it early.
Recorder::Recorder(std::unique_ptr<Writer> writer) : writer_{std::move(writer)} {
  thread_ = std::jthread{[this](const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock{mutex};
    std::condition_variable_any ended;
    while (!stop.stop_requested() && !failed_) {
      failed_ = !writer_->drain();
      ended.wait_for(lock, stop, std::chrono::milliseconds{50}, [] { return false; });
    }
    if (!failed_) {
      failed_ = !writer_->drain();
    }
  }};
}

Recorder::~Recorder() = default;

void Recorder::write(const Frame& left, const Frame& right) noexcept {
  if (!writer_->push(Pair{left, right})) {
    ++dropped_;
  }
}

}  // namespace offhook::audio
