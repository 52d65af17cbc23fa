#include "media/media_thread.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace offhook::media {
namespace {

constexpr int events_at_once = 64;

/// Above ordinary work and below the audio server's own threads. Not permitted to most users; then
/// the thread stays an ordinary one.
void ask_for_priority() {
  sched_param parameters{};
  parameters.sched_priority = sched_get_priority_min(SCHED_RR) + 4;
  pthread_setschedparam(pthread_self(), SCHED_RR, &parameters);
}

void read_counter(int fd) {
  std::uint64_t count = 0;
  static_cast<void>(!read(fd, &count, sizeof count));
}

}  // namespace

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : fd_{std::exchange(other.fd_, -1)} {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

Engine::Impl::~Impl() { stop(); }

Result<> Engine::Impl::start() {
  epoll_ = FileDescriptor{epoll_create1(EPOLL_CLOEXEC)};
  timer_ = FileDescriptor{timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
  wake_ = FileDescriptor{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (epoll_.get() < 0 || timer_.get() < 0 || wake_.get() < 0) {
    return fail(Errc::overloaded, std::string{"media thread: "} + std::strerror(errno) +
                                      "; raise the limit of open files (ulimit -n)");
  }
  for (const int fd : {timer_.get(), wake_.get()}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      return fail(Errc::internal, std::string{"media thread: epoll: "} + std::strerror(errno));
    }
  }
  ended_ = false;
  thread_ = std::thread{[this] { run(); }};
  return {};
}

void Engine::Impl::stop() {
  if (thread_.joinable()) {
    stop_ = true;
    eventfd_write(wake_.get(), 1);
    thread_.join();
  }
}

bool Engine::Impl::post(Command command) {
  {
    const std::lock_guard lock{mutex_};
    if (ended_) {
      return false;
    }
    queue_.push_back(std::move(command));
  }
  eventfd_write(wake_.get(), 1);
  return true;
}

void Engine::Impl::add(MediaStream& stream) {
  post({.kind = Command::Kind::add, .stream = &stream});
}

void Engine::Impl::remove(MediaStream& stream) {
  std::binary_semaphore done{0};
  if (post({.kind = Command::Kind::remove, .stream = &stream, .done = &done})) {
    done.acquire();
  }
}

void Engine::Impl::update(MediaStream& stream, std::unique_ptr<StreamSetup> setup) {
  post({.kind = Command::Kind::update, .stream = &stream, .setup = std::move(setup)});
}

void Engine::Impl::send_digits(MediaStream& stream, std::vector<DtmfSender::Tone> tones) {
  post({.kind = Command::Kind::digits, .stream = &stream, .tones = std::move(tones)});
}

void Engine::Impl::run() {
  pthread_setname_np(pthread_self(), "offhook-media");
  ask_for_priority();
  while (!stop_) {
    wait_for_work();
    wheel_.run(Wheel::Clock::now());
    arm_timer();
  }
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
  }
  run_commands();  // nobody may wait for us in vain
}

void Engine::Impl::wait_for_work() {
  std::array<epoll_event, events_at_once> events;
  const int count = epoll_wait(epoll_.get(), events.data(), events_at_once, -1);
  bool commands = false;
  for (int i = 0; i < count; ++i) {
    const int fd = events[static_cast<std::size_t>(i)].data.fd;
    if (fd == timer_.get()) {
      read_counter(fd);
    } else if (fd == wake_.get()) {
      read_counter(fd);
      commands = true;
    } else {
      watched_by_fd_[static_cast<std::size_t>(fd)]->on_readable(fd, batch_);
    }
  }
  // Last, because a command may end a stream that the events above are about.
  if (commands) {
    run_commands();
  }
}

void Engine::Impl::run_commands() {
  {
    const std::lock_guard lock{mutex_};
    std::swap(queue_, taken_);
  }
  for (Command& command : taken_) {
    run_command(command);
  }
  taken_.clear();
}

void Engine::Impl::run_command(Command& command) {
  MediaStream& stream = *command.stream;
  switch (command.kind) {
    case Command::Kind::add:
      watch(stream);
      wheel_.add(stream, Wheel::Clock::now());
      break;
    case Command::Kind::remove:
      unwatch(stream);
      wheel_.remove(stream);
      stream.send_bye();
      command.done->release();  // the stream may be gone from here on
      break;
    case Command::Kind::update: stream.apply(*command.setup); break;
    case Command::Kind::digits:
      for (const DtmfSender::Tone& tone : command.tones) {
        static_cast<void>(stream.push_digit(tone));
      }
      break;
  }
}

void Engine::Impl::watch(MediaStream& stream) {
  for (const int fd : {stream.sockets().rtp_fd(), stream.sockets().rtcp_fd()}) {
    const auto index = static_cast<std::size_t>(fd);
    if (watched_by_fd_.size() <= index) {
      watched_by_fd_.resize(index + 1, nullptr);
    }
    watched_by_fd_[index] = &stream;
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }
}

void Engine::Impl::unwatch(MediaStream& stream) {
  for (const int fd : {stream.sockets().rtp_fd(), stream.sockets().rtcp_fd()}) {
    watched_by_fd_[static_cast<std::size_t>(fd)] = nullptr;
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  }
}

void Engine::Impl::arm_timer() {
  itimerspec spec{};
  if (!wheel_.empty()) {
    const auto due =
        std::chrono::duration_cast<std::chrono::nanoseconds>(wheel_.next_due().time_since_epoch());
    spec.it_value.tv_sec = due.count() / 1'000'000'000;
    spec.it_value.tv_nsec = due.count() % 1'000'000'000;
  }
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

}  // namespace offhook::media
