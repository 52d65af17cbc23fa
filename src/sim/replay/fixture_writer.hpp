#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/jsonl_file.hpp"

namespace offhook::sim {

/// Writes what goes over the sidebands of one call, without its secrets, as `load_fixtures` reads
/// it. Control thread.
class FixtureWriter {
 public:
  /// @return `not_found` when the file cannot be created.
  [[nodiscard]] static Result<FixtureWriter> create(const std::string& path);

  /// @param direction  As the controller sees it: "received" or "sent".
  void write(std::string_view direction, std::string_view event);
  /// The sound file beside it begins now.
  void sound_begins();

 private:
  using Clock = std::chrono::steady_clock;
  explicit FixtureWriter(JsonlFile file) : file_{std::move(file)} {}
  [[nodiscard]] double now_ms() const;

  JsonlFile file_;
  Clock::time_point began_ = Clock::now();
};

}  // namespace offhook::sim
