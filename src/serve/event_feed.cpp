#include "serve/event_feed.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/json_text.hpp"

namespace offhook::serve {
namespace {

constexpr std::size_t batch = 256;

std::size_t weight(const FeedEvent& event) {
  return event.json->size() + event.call_id.size() + event.name.size() + sizeof(FeedEvent);
}

/// Microseconds since 1970: above whatever an earlier process has told its followers.
std::uint64_t first_id() {
  constexpr std::uint64_t us_per_s = 1'000'000;
  return static_cast<std::uint64_t>(unix_seconds()) * us_per_s;
}

}  // namespace

EventFeed::EventFeed(const boost::asio::any_io_executor& executor,
                     std::size_t max_events,
                     std::size_t max_bytes)
    : max_events_{max_events}, max_bytes_{max_bytes}, last_id_{first_id()}, changed_{executor} {}

void EventFeed::publish(std::string_view call_id, std::string_view name, boost::json::object data) {
  data["at"] = unix_seconds();
  if (!call_id.empty()) {
    data["call_id"] = call_id;
  }
  events_.push_back({++last_id_, std::string{call_id}, std::string{name},
                     std::make_shared<const std::string>(json_text(data))});
  bytes_ += weight(events_.back());
  while (events_.size() > max_events_ || bytes_ > max_bytes_) {
    bytes_ -= weight(events_.front());
    events_.pop_front();
  }
  changed_.notify();
}

std::vector<FeedEvent> EventFeed::since(std::uint64_t& after,
                                        std::string_view call_id,
                                        bool& gap) const {
  std::vector<FeedEvent> found;
  const bool foreign = after > last_id_;  // of another process: what it missed is not known
  after = std::min(after, last_id_);      // an id that no event has had yet is not waited for
  const std::uint64_t first = last_id_ + 1 - events_.size();
  gap = foreign || after + 1 < first;
  std::uint64_t next = std::max(after + 1, first);
  for (; next <= last_id_ && found.size() < batch; ++next) {
    const FeedEvent& event = events_[next - first];
    if (call_id.empty() || event.call_id == call_id) {
      found.push_back(event);
    }
  }
  after = next - 1;
  return found;
}

std::string to_sse(const FeedEvent& event) {
  // json_text leaves no line break inside, so one data line holds it.
  return "id: " + std::to_string(event.id) + "\nevent: " + event.name + "\ndata: " + *event.json +
         "\n\n";
}

}  // namespace offhook::serve
