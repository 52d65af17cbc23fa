#include "sim/conversation.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

std::string_view text_of(const json::object& object, std::string_view key) {
  const auto* const value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view{value->get_string()}
                                                : std::string_view{};
}

ApiResult<> check_content(const json::value& content, std::string_view role) {
  const auto* const parts = content.if_array();
  if (parts == nullptr) {
    return refuse(invalid_value("item.content", "an array"));
  }
  std::size_t index = 0;
  for (const auto& part : *parts) {
    const std::string path = "item.content[" + std::to_string(index++) + "].type";
    const auto type = json_string(part, "type");
    if (type.empty()) {
      return refuse(missing_parameter(path));
    }
    const bool known = role == "assistant" ? type == "output_text"
                       : role == "system"
                           ? type == "input_text"
                           : type == "input_text" || type == "input_audio" || type == "input_image";
    if (!known) {
      return refuse(invalid_value(path, "a content type of role " + std::string{role}));
    }
  }
  return {};
}

ApiResult<> check_message(const json::value& item) {
  const auto role = json_string(item, "role");
  if (role != "system" && role != "user" && role != "assistant") {
    return refuse(invalid_value("item.role", "one of: system user assistant"));
  }
  const auto* const content = json_at(item, "content");
  if (content == nullptr) {
    return refuse(missing_parameter("item.content"));
  }
  return check_content(*content, role);
}

ApiResult<> check_strings(const json::value& item, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    const auto* const value = json_at(item, name);
    if (value == nullptr) {
      return refuse(missing_parameter("item." + std::string{name}));
    }
    if (!value->is_string()) {
      return refuse(invalid_value("item." + std::string{name}, "a string"));
    }
  }
  return {};
}

}  // namespace

std::string_view Item::id() const { return text_of(body, "id"); }
std::string_view Item::type() const { return text_of(body, "type"); }
std::string_view Item::role() const { return text_of(body, "role"); }

std::string Item::words_said() const {
  std::string said;
  const json::value* const content = body.if_contains("content");
  if (content == nullptr || !content->is_array()) {
    return said;
  }
  for (const json::value& part : content->get_array()) {
    said += json_string(part, "text");
    said += json_string(part, "transcript");
  }
  return said;
}

std::optional<std::string> Item::tool_output() const {
  if (type() == "function_call_output") {
    return std::string{text_of(body, "output")};
  }
  if (type() != "mcp_call") {
    return std::nullopt;
  }
  const json::value whole(body);
  if (const auto* const output = json_at(whole, "output"); output && output->is_string()) {
    return std::string{output->get_string()};
  }
  const auto* const error = json_at(whole, "error");
  if (error == nullptr || !error->is_object()) {
    return std::nullopt;
  }
  return "The tool failed: " + std::string{json_string(*error, "message")};
}

bool Item::is_of_servers() const {
  return type() == "mcp_list_tools" || type() == "mcp_approval_request" ||
         type() == "mcp_approval_response";
}

bool Conversation::insert_after(std::string_view previous, Item item) {
  auto place = items_.begin();
  if (previous != "root") {
    place = std::find_if(place, items_.end(), [&](const Item& i) { return i.id() == previous; });
    if (place == items_.end()) {
      return false;
    }
    ++place;
  }
  items_.insert(place, std::move(item));
  return true;
}

bool Conversation::remove(std::string_view id) {
  const auto found =
      std::find_if(items_.begin(), items_.end(), [&](const Item& i) { return i.id() == id; });
  if (found == items_.end()) {
    return false;
  }
  items_.erase(found);
  return true;
}

Item* Conversation::find(std::string_view id) {
  const auto found =
      std::find_if(items_.begin(), items_.end(), [&](const Item& i) { return i.id() == id; });
  return found == items_.end() ? nullptr : &*found;
}

const Item* Conversation::find(std::string_view id) const {
  const auto found =
      std::find_if(items_.begin(), items_.end(), [&](const Item& i) { return i.id() == id; });
  return found == items_.end() ? nullptr : &*found;
}

json::value Conversation::before(std::string_view id) const {
  json::value previous;
  for (const Item& item : items_) {
    if (item.id() == id) {
      break;
    }
    previous = item.id();
  }
  return previous;
}

json::value Conversation::last() const {
  return items_.empty() ? json::value() : json::value(items_.back().id());
}

bool Conversation::has_user_message() const {
  return std::any_of(items_.begin(), items_.end(),
                     [](const Item& item) { return item.role() == "user"; });
}

ApiResult<> check_item(const json::value& item) {
  if (!item.is_object()) {
    return refuse(invalid_value("item", "an object"));
  }
  const auto type = json_string(item, "type");
  if (type.empty()) {
    return refuse(missing_parameter("item.type"));
  }
  if (type == "message") {
    return check_message(item);
  }
  if (type == "function_call") {
    return check_strings(item, {"name", "arguments"});
  }
  if (type == "function_call_output") {
    return check_strings(item, {"call_id", "output"});
  }
  if (type == "mcp_approval_response") {
    if (const auto* const approve = json_at(item, "approve");
        approve == nullptr || !approve->is_bool()) {
      return refuse(approve == nullptr ? missing_parameter("item.approve")
                                       : invalid_value("item.approve", "a boolean"));
    }
    return check_strings(item, {"approval_request_id"});
  }
  return refuse(invalid_value(
      "item.type", "one of: message function_call function_call_output mcp_approval_response"));
}

Item complete_item(const json::object& item, std::string new_id) {
  const auto own_id = text_of(item, "id");
  json::object body{{"id", own_id.empty() ? std::string_view{new_id} : own_id}};
  if (item.at("type") != "mcp_approval_response") {
    body["object"] = "realtime.item";
    body["status"] = "completed";
  }
  for (const auto& [key, value] : item) {
    if (!body.contains(key)) {
      body.emplace(key, value);
    }
  }
  return Item{std::move(body)};
}

void truncate_item(Item& item, int audio_end_ms) {
  std::string heard;
  std::erase_if(item.words, [&](const SpokenWord& word) { return word.end_ms > audio_end_ms; });
  for (const SpokenWord& word : item.words) {
    heard += word.text;
  }
  item.audio_ms = std::min(item.audio_ms, audio_end_ms);
  if (auto* const content = item.body.if_contains("content"); content && content->is_array()) {
    for (auto& part : content->get_array()) {
      if (part.is_object() && part.get_object().contains("transcript")) {
        part.get_object()["transcript"] = heard;
      }
    }
  }
}

}  // namespace offhook::sim
