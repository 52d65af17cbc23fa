#include "sim/live_decisions.hpp"

#include <algorithm>
#include <string_view>

#include <boost/json/array.hpp>

#include "base/json.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

json::array list_at(const json::value& value, std::string_view name) {
  const auto* const list = json_at(value, name);
  return list != nullptr && list->is_array() ? list->as_array() : json::array{};
}

json::object answer_choice(const json::value& question) {
  json::object answer{{"type", "choice"}, {"choice", ""}, {"confidence", 1.0}};
  json::array probabilities;
  for (const auto& option : list_at(question, "choices")) {
    const auto* const value = json_at(option, "value");
    const bool first = probabilities.empty();
    if (value != nullptr) {
      probabilities.push_back(json::object{{"value", *value}, {"probability", first ? 1.0 : 0.0}});
      if (first) {
        answer["choice"] = *value;
      }
    }
  }
  answer["probabilities"] = std::move(probabilities);
  return answer;
}

json::object answer_score(const json::value& question) {
  json::array probabilities;
  for (const auto& level : list_at(question, "levels")) {
    const std::size_t value = probabilities.size();
    probabilities.push_back(json::object{{"label", json_string(level, "label")},
                                         {"value", value},
                                         {"probability", value == 0 ? 1.0 : 0.0}});
  }
  return {{"type", "score"}, {"score", 0}, {"confidence", 1.0}, {"probabilities", probabilities}};
}

json::object answer(const json::value& question) {
  const auto type = json_string(question, "type");
  json::object answer = type == "choice" ? answer_choice(question)
                        : type == "score"
                            ? answer_score(question)
                            : json::object{{"type", "predicate"}, {"probability", 0.5}};
  json::value name;
  if (const auto* const given = json_at(question, "name")) {
    name = *given;
  }
  answer["name"] = name;
  return answer;
}

}  // namespace

json::object decide(const json::value& settings) {
  json::array answers;
  for (const auto& question : list_at(settings, "questions")) {
    answers.push_back(answer(question));
  }
  const json::object input{{"cached_tokens", 0}, {"cache_write_tokens", 0}};
  const json::object output{{"reasoning_tokens", 0}};
  const json::object usage{{"input_tokens", 0},
                           {"input_tokens_details", input},
                           {"output_tokens", 0},
                           {"output_tokens_details", output},
                           {"total_tokens", 0}};
  return {{"model", json_string(settings, "model")}, {"answers", answers}, {"usage", usage}};
}

ApiResult<json::object> DecisionItems::create(const json::value& item, Ids& ids) {
  if (!item.is_object()) {
    return refuse(invalid_value("item", "an object"));
  }
  const auto type = json_string(item, "type", "message");
  if (type == "message" && json_string(item, "role").empty()) {
    return refuse(missing_parameter("item.role"));
  }
  const std::string own{json_string(item, "id")};
  if (std::find(ids_.begin(), ids_.end(), own) != ids_.end()) {
    return refuse({"invalid_value", "An item with id '" + own + "' exists already.", "item.id"});
  }
  json::object kept = item.as_object();
  kept["type"] = type;
  kept["id"] = own.empty() ? ids.realtime("item_") : own;
  ids_.emplace_back(kept["id"].as_string());
  return kept;
}

ApiResult<> DecisionItems::remove(const std::string& item_id) {
  if (std::erase(ids_, item_id) == 0) {
    return refuse({"item_not_found", "There is no item '" + item_id + "'.", "item_id"});
  }
  return {};
}

}  // namespace offhook::sim
