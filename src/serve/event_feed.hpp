#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include "net/event.hpp"

namespace offhook::serve {

/// One thing that happened, as streams tell it.
struct FeedEvent {
  std::uint64_t id = 0;  ///< Rises by one, over all calls; later processes go on above it.
  std::string call_id;   ///< Empty: of the whole service.
  std::string name;
  std::shared_ptr<const std::string> json;
};

/// The last events of all calls, for those who follow them and for those who come back. Bounded in
/// number and bytes: a follower that is too slow, or that was away too long, is told of the gap.
/// One executor.
class EventFeed {
 public:
  EventFeed(const boost::asio::any_io_executor& executor,
            std::size_t max_events = 20'000,
            std::size_t max_bytes = 8U << 20U);

  void publish(std::string_view call_id, std::string_view name, boost::json::object data);

  /// Events behind `after`, of one call or (empty) of all. At most 256 of them.
  /// @param after  Moved behind what was looked at, also where nothing fitted.
  /// @param gap  Set when some behind `after` had been forgotten already.
  [[nodiscard]] std::vector<FeedEvent> since(std::uint64_t& after,
                                             std::string_view call_id,
                                             bool& gap) const;
  [[nodiscard]] std::uint64_t last_id() const noexcept { return last_id_; }
  /// Until something is published. @throws when cancelled.
  [[nodiscard]] boost::asio::awaitable<void> wait() { return changed_.wait(); }

 private:
  std::size_t max_events_;
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::uint64_t last_id_;
  std::deque<FeedEvent> events_;
  net::Event changed_;
};

/// The event as one message of a `text/event-stream`.
[[nodiscard]] std::string to_sse(const FeedEvent& event);

}  // namespace offhook::serve
