#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace offhook {

/// A JSONL file that is complete up to the last line even when the process is killed.
///
/// Control thread only. Writes are small and buffered by the system.
class JsonlFile {
 public:
  /// @return `Errc::not_found` when the file cannot be created.
  [[nodiscard]] static Result<JsonlFile> create(const std::string& path);
  /// Appends one line. A full disk loses lines, never the call.
  void write(std::string_view line);

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  explicit JsonlFile(std::FILE* file) : file_{file} {}
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace offhook
