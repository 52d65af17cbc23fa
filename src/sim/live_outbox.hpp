#pragma once

#include <chrono>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "sim/api_error.hpp"
#include "sim/ids.hpp"
#include "sim/live_actions.hpp"
#include "sim/response.hpp"

namespace offhook::sim {

/// Collects what a Live session wants done, gives every server event its id, and keeps the events
/// of the last three seconds for sockets that attach late (docs/openai-behaviour.md 10.2).
class LiveOutbox {
 public:
  explicit LiveOutbox(Ids ids) : ids_{std::move(ids)} {}

  [[nodiscard]] Ids& ids() noexcept { return ids_; }

  /// The time of what is sent from now on.
  void set_time(Time now) noexcept { now_ = now; }
  /// A whole server event: type, event_id, `fields`, and client_event_id unless that is empty.
  [[nodiscard]] boost::json::object event(std::string_view type,
                                          const boost::json::object& fields,
                                          std::string_view client_event_id = {});
  void send(std::string_view type,
            const boost::json::object& fields,
            std::string_view client_event_id = {});
  void send_error(const ApiError& error, std::string_view client_event_id);
  void act(LiveAction action) { actions_.push_back(std::move(action)); }

  /// What was collected since the last call.
  [[nodiscard]] std::vector<LiveAction> take() { return std::exchange(actions_, {}); }
  /// The events of the last three seconds, as they were sent.
  [[nodiscard]] std::vector<boost::json::object> recent(Time now) const;

 private:
  struct Sent {
    Time at;
    boost::json::object event;
  };

  Ids ids_;
  Time now_{};
  std::vector<LiveAction> actions_;
  std::deque<Sent> sent_;
};

}  // namespace offhook::sim
