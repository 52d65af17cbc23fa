#include "agent/tools/child_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace offhook::agent {
namespace {

tl::unexpected<Error> system_failure(int error) {
  const auto code = error == ENOENT || error == ENOTDIR                     ? Errc::not_found
                    : error == EACCES || error == ENOEXEC || error == E2BIG ? Errc::invalid_argument
                                                                            : Errc::overloaded;
  return fail(code, std::error_code{error, std::generic_category()}.message());
}

/// Out of the way of 0, 1 and 2, which the child's own descriptors will take.
Result<FileHandle> above_standard(FileHandle file) {
  if (file.get() > STDERR_FILENO) {
    return file;
  }
  FileHandle moved{::fcntl(file.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
  if (moved.get() < 0) {
    return system_failure(errno);
  }
  return moved;
}

/// The input as a file in memory: nobody has to write while the child reads, and a child that
/// does not read at all is no special case.
Result<FileHandle> input_file(const std::string& input) {
  FileHandle file{::memfd_create("input", MFD_CLOEXEC)};
  if (file.get() < 0) {
    return system_failure(errno);
  }
  std::size_t written = 0;
  while (written < input.size()) {
    const auto n = ::write(file.get(), input.data() + written, input.size() - written);
    if (n < 0 && errno != EINTR) {
      return system_failure(errno);
    }
    written += n < 0 ? 0 : static_cast<std::size_t>(n);
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) {
    return system_failure(errno);
  }
  return above_standard(std::move(file));
}

struct Pipe {
  FileHandle reading;
  FileHandle writing;
};

Result<Pipe> make_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return system_failure(errno);
  }
  FileHandle reading{ends[0]};
  auto writing = above_standard(FileHandle{ends[1]});
  if (!writing) {
    return fail(std::move(writing).error());
  }
  return Pipe{std::move(reading), std::move(*writing)};
}

class SpawnActions {
 public:
  SpawnActions() noexcept { ::posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }

  int prepare(int input, int output, int errors) noexcept {
    int failed = ::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    failed |= ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    failed |= ::posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
    failed |= ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    return failed;
  }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

class SpawnAttributes {
 public:
  SpawnAttributes() noexcept {
    ::posix_spawnattr_init(&attributes_);
    sigset_t signals{};
    sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    sigdelset(&signals, SIGKILL);
    sigdelset(&signals, SIGSTOP);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }
  [[nodiscard]] const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

/// As execve wants it. The texts must outlive the result.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  if (this != &other) {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
    descriptor_ = other.release();
  }
  return *this;
}

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

int FileHandle::release() noexcept { return std::exchange(descriptor_, -1); }

Result<ChildProcess> ChildProcess::start(const ChildOptions& options) {
  auto input = input_file(options.input);
  if (!input) {
    return fail(std::move(input).error());
  }
  auto output = make_pipe();
  if (!output) {
    return fail(std::move(output).error());
  }
  auto errors = make_pipe();
  if (!errors) {
    return fail(std::move(errors).error());
  }
  SpawnActions actions;
  if (const int failed =
          actions.prepare(input->get(), output->writing.get(), errors->writing.get());
      failed != 0) {
    return system_failure(failed);
  }
  const SpawnAttributes attributes;
  std::vector<std::string> command = options.command;
  std::vector<std::string> environment = options.environment;
  const auto arguments = pointers_to(command);
  const auto variables = pointers_to(environment);

  ChildProcess child;
  if (const int failed = ::posix_spawnp(&child.pid_, arguments[0], actions.get(), attributes.get(),
                                        arguments.data(), variables.data());
      failed != 0) {
    child.pid_ = 0;
    return system_failure(failed);
  }
  child.output_ = std::move(output->reading);
  child.errors_ = std::move(errors->reading);
  child.end_ = FileHandle{static_cast<int>(::syscall(SYS_pidfd_open, child.pid_, 0U))};
  if (child.end_.get() < 0) {
    return system_failure(errno);
  }
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_{std::exchange(other.pid_, 0)},
      output_{std::move(other.output_)},
      errors_{std::move(other.errors_)},
      end_{std::move(other.end_)} {}

ChildProcess::~ChildProcess() { reap(); }

void ChildProcess::send(int signal) noexcept {
  if (pid_ > 0) {
    ::kill(-pid_, signal);
  }
}

ExitStatus ChildProcess::reap() noexcept {
  if (pid_ <= 0) {
    return {};
  }
  send(SIGKILL);  // before the wait: until then the number of the group cannot be another's
  int status = 0;
  pid_t waited = 0;
  do {
    waited = ::waitpid(pid_, &status, 0);
  } while (waited < 0 && errno == EINTR);
  pid_ = 0;
  if (waited < 0) {
    return {};  // reaped by a program that ignores SIGCHLD
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 0, WIFSIGNALED(status) ? WTERMSIG(status) : 0};
}

}  // namespace offhook::agent
