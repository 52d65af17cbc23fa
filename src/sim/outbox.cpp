#include "sim/outbox.hpp"

namespace offhook::sim {

namespace json = boost::json;

json::object Outbox::event(std::string_view type, const json::object& fields) {
  json::object event{{"type", type}, {"event_id", ids_.realtime("event_")}};
  for (const auto& [key, value] : fields) {
    event.emplace(key, value);
  }
  return event;
}

json::object Outbox::error_event(const ApiError& error, std::string_view client_event_id) {
  json::value param;
  if (error.param) {
    param = *error.param;
  }
  json::value cause;
  if (!client_event_id.empty()) {
    cause = client_event_id;
  }
  return event("error", {{"error", json::object{{"type", error.type},
                                                {"code", error.code},
                                                {"message", error.message},
                                                {"param", param},
                                                {"event_id", cause}}}});
}

}  // namespace offhook::sim
