#include "sim/delivery_log.hpp"

#include <utility>

#include <boost/json/object.hpp>

namespace offhook::sim {

std::uint64_t DeliveryLog::begin(std::string webhook_id,
                                 std::string type,
                                 std::string call_id,
                                 std::string endpoint_id,
                                 std::int64_t unix_now) {
  entries_.push_back({++last_number_, std::move(webhook_id), std::move(type), std::move(call_id),
                      std::move(endpoint_id), unix_now});
  if (entries_.size() > kept) {
    entries_.pop_front();
  }
  return last_number_;
}

void DeliveryLog::note(std::uint64_t number, const DeliveryAttempt& attempt) {
  for (Entry& entry : entries_) {
    if (entry.number == number) {
      ++entry.attempts;
      entry.delivered += attempt.problem.empty() ? 1 : 0;
      entry.status = attempt.status;
      entry.problem = attempt.problem;
      return;
    }
  }
}

boost::json::array DeliveryLog::describe() const {
  boost::json::array list;
  for (const Entry& entry : entries_) {
    list.push_back(boost::json::object{{"webhook_id", entry.webhook_id},
                                       {"type", entry.type},
                                       {"call_id", entry.call_id},
                                       {"endpoint_id", entry.endpoint_id},
                                       {"created_at", entry.created_at},
                                       {"attempts", entry.attempts},
                                       {"delivered", entry.delivered},
                                       {"status", entry.status},
                                       {"problem", entry.problem}});
  }
  return list;
}

}  // namespace offhook::sim
