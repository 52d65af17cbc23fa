#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "media/engine.hpp"
#include "media/media_stream.hpp"
#include "media/wheel.hpp"

namespace offhook::media {

/// Closes its file descriptor.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) noexcept : fd_{fd} {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

/// What `Engine` is made of: the thread, its epoll set, timer and wheel, and the queue of commands
/// from the owners of streams. The lock of the queue is taken when a call begins, changes or ends,
/// never in the steady 20 ms.
class Engine::Impl {
 public:
  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  /// Opens the descriptors and starts the thread.
  [[nodiscard]] Result<> start();
  /// Ends the thread; later commands have no effect.
  void stop();

  // Owners' threads. A stream passed to `add` must stay until `remove` returned.
  void add(MediaStream& stream);
  /// Returns when the media thread has let go of the stream.
  void remove(MediaStream& stream);
  void update(MediaStream& stream, std::unique_ptr<StreamSetup> setup);
  void send_digits(MediaStream& stream, std::vector<DtmfSender::Tone> tones);

 private:
  struct Command {
    enum class Kind : std::uint8_t { add, remove, update, digits };
    Kind kind;
    MediaStream* stream;
    std::unique_ptr<StreamSetup> setup{};
    std::vector<DtmfSender::Tone> tones{};
    std::binary_semaphore* done = nullptr;
  };

  /// @return false when the thread has ended.
  bool post(Command command);
  void run();
  void wait_for_work();
  void run_commands();
  void run_command(Command& command);
  void watch(MediaStream& stream);
  void unwatch(MediaStream& stream);
  void arm_timer();

  FileDescriptor epoll_{};
  FileDescriptor timer_{};
  FileDescriptor wake_{};
  std::thread thread_;

  std::mutex mutex_;
  std::vector<Command> queue_;  ///< Guarded by `mutex_`.
  bool ended_ = true;           ///< Guarded by `mutex_`.
  std::atomic<bool> stop_{false};

  // Media thread.
  std::vector<Command> taken_;
  Wheel wheel_{std::chrono::steady_clock::now()};
  ReceiveBatch batch_{};
  std::vector<MediaStream*> watched_by_fd_;  ///< Indexed by descriptor; null: not ours.
};

}  // namespace offhook::media
