#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

namespace offhook {

/// One step of a call: a SIP message, a webhook, a REST answer, a sideband event, a media event.
struct Mark {
  double at_ms = 0;    ///< Since the timeline began, on the monotonic clock.
  std::string source;  ///< Who saw it: "call", "sip", "webhook", "rest", "sideband", "media".
  std::string name;    ///< What happened, dotted: "invite.sent", "session.created".
  boost::json::object detail{};  ///< Anything worth reading beside it; never a secret.
};

/// Everything that happened in one call, in the order it was told, on one monotonic clock.
///
/// The terminal, the JSONL files, the summary and every later picture are only readers of it.
/// Control thread only: other threads hand over the time they saw (`at`) and the control thread
/// writes the mark.
class Timeline {
 public:
  using Clock = std::chrono::steady_clock;
  using Reader = std::function<void(const Mark&)>;

  explicit Timeline(Clock::time_point began = Clock::now()) : began_{began} {}

  /// Keeps a reader subscribed for as long as it lives. The timeline must outlive it.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Timeline& timeline, std::uint64_t id) : timeline_{&timeline}, id_{id} {}
    Subscription(Subscription&& other) noexcept
        : timeline_{std::exchange(other.timeline_, nullptr)}, id_{other.id_} {}
    Subscription& operator=(Subscription&& other) noexcept {
      std::swap(timeline_, other.timeline_);
      std::swap(id_, other.id_);
      return *this;
    }
    ~Subscription() {
      if (timeline_ != nullptr) {
        std::erase_if(timeline_->readers_,
                      [this](const auto& entry) { return entry.first == id_; });
      }
    }

   private:
    Timeline* timeline_ = nullptr;
    std::uint64_t id_ = 0;
  };

  /// Calls `reader` for every later mark, in order, from within `mark`. A reader must neither
  /// subscribe nor unsubscribe from within such a call.
  [[nodiscard]] Subscription subscribe(Reader reader) {
    readers_.emplace_back(++last_id_, std::move(reader));
    return Subscription{*this, last_id_};
  }

  /// Writes one mark and shows it to every reader.
  void mark(std::string_view source,
            std::string_view name,
            boost::json::object detail = {},
            Clock::time_point at = Clock::now());

  /// Whether anybody reads: marks that are costly to make need not be made otherwise.
  [[nodiscard]] bool watched() const noexcept { return !readers_.empty(); }

  /// Milliseconds from the beginning to `at`.
  [[nodiscard]] double ms_at(Clock::time_point at) const {
    return std::chrono::duration<double, std::milli>(at - began_).count();
  }

 private:
  Clock::time_point began_;
  std::uint64_t last_id_ = 0;
  std::vector<std::pair<std::uint64_t, Reader>> readers_;
};

/// The mark as one line of a timeline file: {"at_ms":…,"source":…,"name":…,<detail fields>}.
[[nodiscard]] std::string to_jsonl(const Mark& mark);

}  // namespace offhook
