#include "sim/replay/replay_echo.hpp"

#include <string_view>
#include <utility>

#include <boost/json/array.hpp>

#include "sim/replay/likeness.hpp"

namespace offhook::sim {

namespace json = boost::json;

void ReplayEcho::on_client(const json::object& recorded, const json::object& live) {
  for (const char* path : {"event_id", "item.id"}) {
    const auto was = event_text(recorded, path);
    const auto is = event_text(live, path);
    if (!was.empty() && !is.empty() && was != is) {
      ids_.insert_or_assign(std::string{was}, std::string{is});
    }
  }
}

void ReplayEcho::learn(const json::object& event, const json::object& question) {
  const json::value* const item = question.if_contains("item");
  if (const auto id = event_text(event, "item.id"); item != nullptr && !id.empty()) {
    items_.insert_or_assign(std::string{id}, *item);
    if (const auto chosen = event_text(question, "item.id"); !chosen.empty() && chosen != id) {
      ids_.insert_or_assign(std::string{id}, std::string{chosen});
    }
  }
  const json::value* const metadata = event_at(question, "response.metadata");
  if (const auto id = event_text(event, "response.id"); metadata != nullptr && !id.empty()) {
    metadata_.insert_or_assign(std::string{id}, *metadata);
  }
}

json::object ReplayEcho::adapt(const json::object& event, const json::object* question) {
  if (question != nullptr) {
    learn(event, *question);
  }
  json::value adapted(event);
  json::object& fields = adapted.get_object();
  if (const auto created = items_.find(event_text(event, "item.id"));
      created != items_.end() && created->second.is_object()) {
    for (const auto& [key, value] : created->second.get_object()) {
      fields["item"].as_object().insert_or_assign(key, value);
    }
  }
  if (const auto given = metadata_.find(event_text(event, "response.id"));
      given != metadata_.end()) {
    fields["response"].as_object()["metadata"] = given->second;
  }
  if (!ids_.empty()) {
    replace_ids(adapted);
  }
  return std::move(fields);
}

void ReplayEcho::replace_ids(json::value& value) const {
  if (auto* const list = value.if_array()) {
    for (json::value& one : *list) {
      replace_ids(one);
    }
  } else if (auto* const object = value.if_object()) {
    for (auto& [key, member] : *object) {
      if (!member.is_string()) {
        replace_ids(member);
      } else if (std::string_view{key}.ends_with("id")) {
        if (const auto known = ids_.find(std::string_view{member.get_string()});
            known != ids_.end()) {
          member = known->second;
        }
      }
    }
  }
}

}  // namespace offhook::sim
