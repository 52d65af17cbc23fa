#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace offhook::store {

/// Places in a file that processes keep each other away from, for as long as this lives. The kernel
/// releases them with the process, however that ends.
///
/// A file beside the database, because closing any descriptor of the database itself would drop
/// SQLite's own locks on it.
class LockFile {
 public:
  /// The process to which a journal belongs.
  static constexpr std::int64_t owner = 0;
  /// Whoever makes the file, or brings its tables up to date.
  static constexpr std::int64_t opening = 1;
  /// The process of that run is alive.
  static constexpr std::int64_t of_run(std::int64_t run) { return 1 + run; }

  [[nodiscard]] static Result<LockFile> open(const std::string& path);
  LockFile(LockFile&& other) noexcept
      : path_{std::move(other.path_)}, file_{std::exchange(other.file_, -1)} {}
  LockFile& operator=(LockFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(file_, other.file_);
    return *this;
  }
  ~LockFile();

  /// @return `overloaded` naming the process that is the owner when somebody has the place.
  [[nodiscard]] Result<> take(std::int64_t place);
  /// Blocks until nobody has it.
  [[nodiscard]] Result<> wait_for(std::int64_t place);
  void give_back(std::int64_t place);
  /// By another process, or by another LockFile of this one. Any thread.
  [[nodiscard]] bool taken(std::int64_t place) const;

 private:
  LockFile(std::string path, int file) : path_{std::move(path)}, file_{file} {}
  std::string path_;
  int file_ = -1;
};

}  // namespace offhook::store
