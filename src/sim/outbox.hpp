#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "sim/actions.hpp"
#include "sim/api_error.hpp"
#include "sim/ids.hpp"

namespace offhook::sim {

/// Collects what a session wants done, and gives every server event its id.
class Outbox {
 public:
  explicit Outbox(Ids ids) : ids_{std::move(ids)} {}

  [[nodiscard]] Ids& ids() noexcept { return ids_; }

  /// A whole server event: type, event_id, then `fields`.
  [[nodiscard]] boost::json::object event(std::string_view type, const boost::json::object& fields);
  /// Sends a server event.
  void send(std::string_view type, const boost::json::object& fields) {
    act(SendEvent{event(type, fields)});
  }
  /// An `error` event. @param client_event_id  Of the client event at fault, or empty.
  [[nodiscard]] boost::json::object error_event(const ApiError& error,
                                                std::string_view client_event_id);
  void send_error(const ApiError& error, std::string_view client_event_id) {
    act(SendEvent{error_event(error, client_event_id)});
  }
  void act(Action action) { actions_.push_back(std::move(action)); }

  /// What was collected since the last call.
  [[nodiscard]] std::vector<Action> take() { return std::exchange(actions_, {}); }

 private:
  Ids ids_;
  std::vector<Action> actions_;
};

}  // namespace offhook::sim
