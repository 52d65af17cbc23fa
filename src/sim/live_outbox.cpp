#include "sim/live_outbox.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds replayed{3};

}  // namespace

json::object LiveOutbox::event(std::string_view type,
                               const json::object& fields,
                               std::string_view client_event_id) {
  json::object event{{"type", type}, {"event_id", ids_.realtime("event_")}};
  for (const auto& [key, value] : fields) {
    event.emplace(key, value);
  }
  if (!client_event_id.empty()) {
    event["client_event_id"] = client_event_id;
  }
  return event;
}

void LiveOutbox::send(std::string_view type,
                      const json::object& fields,
                      std::string_view client_event_id) {
  json::object whole = event(type, fields, client_event_id);
  while (!sent_.empty() && sent_.front().at + replayed < now_) {
    sent_.pop_front();
  }
  sent_.push_back({now_, whole});
  act(SendEvent{std::move(whole)});
}

void LiveOutbox::send_error(const ApiError& error, std::string_view client_event_id) {
  json::object detail{{"type", error.type}, {"code", error.code}, {"message", error.message}};
  if (error.param) {
    detail["param"] = *error.param;
  }
  if (!client_event_id.empty()) {
    detail["client_event_id"] = client_event_id;
  }
  send("error", {{"error", detail}}, client_event_id);
}

std::vector<json::object> LiveOutbox::recent(Time now) const {
  std::vector<json::object> events;
  for (const Sent& sent : sent_) {
    if (sent.at + replayed >= now) {
      events.push_back(sent.event);
    }
  }
  return events;
}

}  // namespace offhook::sim
