#pragma once

#include <string>
#include <utility>

#include "base/error.hpp"

namespace offhook::store {

/// Keeps a second process away, for as long as this lives. The kernel releases it with the process,
/// however that ends.
///
/// A file beside the database, because closing any descriptor of the database itself would drop
/// SQLite's own locks on it.
class LockFile {
 public:
  /// @return `overloaded` naming the process that holds it.
  [[nodiscard]] static Result<LockFile> take(const std::string& path);
  LockFile(LockFile&& other) noexcept : file_{std::exchange(other.file_, -1)} {}
  LockFile& operator=(LockFile&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~LockFile();

 private:
  explicit LockFile(int file) : file_{file} {}
  int file_ = -1;
};

}  // namespace offhook::store
