#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "audio/port.hpp"
#include "base/error.hpp"

namespace offhook::cli {

/// The caller of the demo: says prepared sentences when told to, and listens otherwise.
class ScriptedCaller final : public audio::Port {
 public:
  /// Synthesises every line beforehand.
  [[nodiscard]] Result<> prepare(const std::vector<std::string>& lines,
                                 std::string_view voice,
                                 int rate_hz);

  /// Begins line `index`, cutting short any other. Control thread.
  void say(int index) noexcept { wanted_ = index; }
  /// The line told last has been said to its end. Control thread.
  [[nodiscard]] bool finished(int index) const noexcept { return finished_ >= index; }

  void exchange(const audio::Frame& received, audio::Frame& to_send) noexcept override;

 private:
  std::vector<std::vector<std::int16_t>> lines_;
  std::atomic<int> wanted_{-1};
  std::atomic<int> finished_{-1};
  int current_ = -1;          // media thread
  std::size_t position_ = 0;  // media thread
};

}  // namespace offhook::cli
