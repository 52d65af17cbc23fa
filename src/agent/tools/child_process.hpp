#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/error.hpp"

namespace offhook::agent {

/// A file descriptor that is closed with its owner; -1: none.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int descriptor) noexcept : descriptor_{descriptor} {}
  FileHandle(FileHandle&& other) noexcept : descriptor_{other.release()} {}
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle();

  [[nodiscard]] int get() const noexcept { return descriptor_; }
  /// Gives the descriptor away.
  [[nodiscard]] int release() noexcept;

 private:
  int descriptor_ = -1;
};

struct ChildOptions {
  std::vector<std::string> command;      ///< Program (looked up in our PATH) and arguments.
  std::vector<std::string> environment;  ///< "NAME=value", the whole of it.
  std::string input;                     ///< What its standard input holds.
};

/// How a process ended: by exit, or by a signal.
struct ExitStatus {
  int code = 0;
  int signal = 0;  ///< Not 0: killed by it.
};

/// A child in a process group of its own, with no open files but 0, 1 and 2 and default signal
/// handling. Destroying it kills the group and waits for the child, so that no zombie stays.
class ChildProcess {
 public:
  /// @return `not_found` or `invalid_argument` when the program cannot be run, `overloaded` when
  ///         the system has no more processes or files.
  [[nodiscard]] static Result<ChildProcess> start(const ChildOptions& options);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  /// Reading ends of the pipes, and a descriptor that becomes readable when the child has ended
  /// (pidfd_open(2)). Each is given away once.
  [[nodiscard]] FileHandle take_output() noexcept { return std::move(output_); }
  [[nodiscard]] FileHandle take_errors() noexcept { return std::move(errors_); }
  [[nodiscard]] FileHandle take_end() noexcept { return std::move(end_); }

  /// Sends a signal to the whole group; nothing once it has been reaped.
  void send(int signal) noexcept;
  /// Kills what is left of the group and waits for the child: at once when it has ended before.
  ExitStatus reap() noexcept;

 private:
  ChildProcess() = default;
  pid_t pid_ = 0;
  FileHandle output_;
  FileHandle errors_;
  FileHandle end_;
};

}  // namespace offhook::agent
