#include "media/wheel.hpp"

#include <algorithm>

namespace offhook::media {

void Wheel::add(MediaStream& stream, Clock::time_point now) {
  const auto slot = static_cast<std::size_t>(std::ranges::min_element(load_) - load_.begin());
  ++load_[slot];
  const Clock::duration phase = period / slots * slot;
  const auto periods = (now - epoch_) / period + 1;
  entries_.push_back({.due = epoch_ + periods * period + phase, .stream = &stream, .slot = slot});
  std::ranges::push_heap(entries_, later);
}

void Wheel::remove(const MediaStream& stream) {
  const auto found =
      std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.stream == &stream; });
  if (found != entries_.end()) {
    --load_[found->slot];
    entries_.erase(found);
    std::ranges::make_heap(entries_, later);
  }
}

void Wheel::run(Clock::time_point now) noexcept {
  while (!entries_.empty() && entries_.front().due <= now) {
    std::ranges::pop_heap(entries_, later);
    Entry& entry = entries_.back();
    const auto frames = (now - entry.due) / period + 1;
    for (auto frame = frames; frame > 0; --frame, entry.due += period) {
      if (frame > max_catch_up) {
        entry.stream->skip_tick();
      } else {
        entry.stream->tick(entry.due);
      }
    }
    std::ranges::push_heap(entries_, later);
  }
}

}  // namespace offhook::media
