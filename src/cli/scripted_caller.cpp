#include "cli/scripted_caller.hpp"

#include <algorithm>

#include "audio/speech.hpp"

namespace offhook::cli {
namespace {

/// Without punctuation the synthesiser makes no pause, which the turn detector might take for the
/// end of the caller's turn.
std::string in_one_breath(std::string line) {
  std::erase_if(line, [](char c) { return c == ',' || c == '.' || c == '!' || c == '?'; });
  return line;
}

}  // namespace

Result<> ScriptedCaller::prepare(const std::vector<std::string>& lines,
                                 std::string_view voice,
                                 int rate_hz) {
  for (const std::string& line : lines) {
    auto speech = audio::speak(in_one_breath(line), voice, rate_hz);
    if (!speech) {
      return fail(std::move(speech).error());
    }
    lines_.push_back(std::move(speech->sound.samples));
  }
  return {};
}

void ScriptedCaller::exchange(const audio::Frame& /*received*/, audio::Frame& to_send) noexcept {
  const int wanted = wanted_;
  if (wanted != current_) {
    current_ = wanted;
    position_ = 0;
  }
  if (current_ < 0 || current_ <= finished_) {
    return;
  }
  const std::vector<std::int16_t>& line = lines_[static_cast<std::size_t>(current_)];
  const std::size_t count = std::min<std::size_t>(to_send.size, line.size() - position_);
  std::copy_n(line.begin() + static_cast<std::ptrdiff_t>(position_), count,
              to_send.storage.begin());
  position_ += count;
  if (position_ == line.size()) {
    finished_ = current_;
  }
}

}  // namespace offhook::cli
