#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "openai/realtime_event.hpp"

namespace offhook::agent {

/// Follows the tools of MCP servers, which the API calls by itself: asks for the response that
/// makes use of what they returned, because the API begins none, and refuses approvals that nobody
/// gives. No I/O: feed it every event with its time, and `on_time` at `deadline`.
class ServerTools {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// A step worth a mark.
  struct Step {
    std::string name;
    boost::json::object detail;
  };

  void on_event(const openai::RealtimeEvent& event, Time now);
  void on_time(Time now);
  [[nodiscard]] std::optional<Time> deadline() const;

  /// Set when all calls of a response have returned: the model is to go on.
  [[nodiscard]] bool take_response_wanted() { return std::exchange(response_wanted_, false); }
  /// Client events to send.
  [[nodiscard]] std::vector<std::string> take_events() { return std::exchange(events_, {}); }
  [[nodiscard]] std::vector<Step> take_steps() { return std::exchange(steps_, {}); }

 private:
  struct Response {
    std::map<std::string, bool, std::less<>> calls{};  ///< Item id to whether it has returned.
    bool done = false;
  };

  void on_item(const openai::ConversationItem& item, Time now);
  void on_response_done(const openai::RealtimeResponse& response);
  void on_returned(std::string_view item_id);
  void settle();

  std::map<std::string, Response, std::less<>> responses_;  ///< Those with calls.
  std::map<std::string, Time, std::less<>> approvals_;      ///< Request to when it is refused.
  bool response_wanted_ = false;
  std::vector<std::string> events_;
  std::vector<Step> steps_;
};

}  // namespace offhook::agent
