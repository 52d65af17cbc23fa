#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "media/event_sink.hpp"

namespace offhook::media {

/// Counts what goes wrong with received packets and tells of it, but not packet by packet.
class TroubleLog {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds interval{5};

  void note(Trouble why, std::uint64_t count = 1) noexcept {
    entries_[static_cast<std::size_t>(why)].count += count;
  }
  /// Tells what is new, each kind at most once per `interval`.
  void tell(EventSink& events, Clock::time_point now) noexcept {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      Entry& entry = entries_[i];
      if (entry.count > 0 && now >= entry.next) {
        events.tell(static_cast<Trouble>(i), entry.count, now);
        entry = {.count = 0, .next = now + interval};
      }
    }
  }

 private:
  struct Entry {
    std::uint64_t count = 0;
    Clock::time_point next{};
  };
  std::array<Entry, trouble_kinds> entries_{};
};

}  // namespace offhook::media
