#include "sim/event_stream.hpp"

#include <utility>

namespace offhook::sim {

std::vector<std::string> EventStream::feed(std::string_view piece) {
  std::vector<std::string> whole;
  for (auto end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
    line_.append(piece.substr(0, end));
    piece.remove_prefix(end + 1);
    take_line(line_, whole);
    line_.clear();
  }
  line_.append(piece);
  return whole;
}

std::optional<std::string> EventStream::finish() {
  std::vector<std::string> whole;
  take_line(std::exchange(line_, {}), whole);
  return std::exchange(data_, std::nullopt);
}

void EventStream::take_line(std::string_view line, std::vector<std::string>& whole) {
  constexpr std::string_view field = "data:";
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  if (line.empty()) {
    if (auto data = std::exchange(data_, std::nullopt)) {
      whole.push_back(*std::move(data));
    }
    return;
  }
  if (!line.starts_with(field)) {
    return;
  }
  line.remove_prefix(field.size());
  if (line.starts_with(' ')) {
    line.remove_prefix(1);
  }
  data_ = data_ ? *data_ + '\n' + std::string{line} : std::string{line};
}

}  // namespace offhook::sim
