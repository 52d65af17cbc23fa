#include "agent/dialogue/conversation_repair.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/json.hpp"
#include "base/random.hpp"

namespace offhook::agent {
namespace {

namespace json = boost::json;

constexpr std::size_t most_remembered_items = 32;
/// Retrieved items of the caller carry their sound, so this is not cheap.
constexpr int most_steps = 12;
constexpr std::size_t most_unheard_items = 4;
constexpr std::string_view repair_event_prefix = "offhook_repair_";

std::string probe_event(std::string_view id, std::string_view event_id) {
  const json::object part{{"type", "input_text"}, {"text", "(The connection was restored.)"}};
  const json::object item{{"id", id},
                          {"type", "message"},
                          {"role", "system"},
                          {"content", json::array{json::value(part)}}};
  return json::serialize(
      json::object{{"type", "conversation.item.create"}, {"event_id", event_id}, {"item", item}});
}

std::string about_item(std::string_view type, std::string_view id, std::string_view event_id) {
  return json::serialize(json::object{{"type", type}, {"event_id", event_id}, {"item_id", id}});
}

void keep_latest(std::deque<std::string>& list, std::size_t most = most_remembered_items) {
  if (list.size() > most) {
    list.pop_front();
  }
}

bool brings_words(std::string_view type) {
  return type == "conversation.item.input_audio_transcription.completed" ||
         type == "conversation.item.input_audio_transcription.failed" ||
         type == "response.output_audio_transcript.done" || type == "response.output_text.done";
}

}  // namespace

void ConversationRepair::on_event(const openai::RealtimeEvent& event) {
  const std::string& type = event.type;
  if (type == "conversation.item.added" || type == "conversation.item.created") {
    const json::value body = event.body;
    on_item(body);
  } else if (type == "conversation.item.retrieved") {
    const json::value body = event.body;
    on_retrieved(body);
  } else if (type == "response.done") {
    const json::value body = event.body;
    const json::value* output = json_at(body, "response.output");
    if (output != nullptr && output->is_array()) {
      for (const json::value& item : output->get_array()) {
        std::erase(announced_, json_string(item, "id"));
        std::erase(unheard_, json_string(item, "id"));
      }
    }
  } else if (type == "input_audio_buffer.speech_started") {
    const json::value body = event.body;
    unheard_.emplace_back(json_string(body, "item_id"));
    keep_latest(unheard_, most_unheard_items);
  } else if (brings_words(type)) {
    const json::value body = event.body;
    std::erase(unheard_, json_string(body, "item_id"));
  } else if (type == "error" && waiting_ > 0) {
    const json::value body = event.body;
    if (json_string(body, "error.event_id").starts_with(repair_event_prefix)) {
      one_less();
    }
  }
}

void ConversationRepair::on_item(const json::value& body) {
  const std::string_view id = json_string(body, "item.id");
  if (!probe_.empty() && id == probe_) {
    walk_to(json_string(body, "previous_item_id"));
    one_less();
    return;
  }
  if (json_string(body, "item.type") == "function_call") {
    announced_.emplace_back(id);
    keep_latest(announced_);
  } else if (json_string(body, "item.role") == "assistant") {
    unheard_.emplace_back(id);
    keep_latest(unheard_, most_unheard_items);
  }
  if (waiting_ == 0) {
    remember(id);
  }
}

void ConversationRepair::on_retrieved(const json::value& body) {
  if (waiting_ == 0) {
    return;
  }
  const json::value* item = json_at(body, "item");
  if (item != nullptr) {
    const std::string_view type = json_string(*item, "type");
    if (type == "function_call_output") {
      answered_.emplace_back(json_string(*item, "call_id"));
    } else if (type == "function_call" &&
               json_string(*item, "status", "completed") == "completed") {
      found_.push_back(*item);
    } else if (type == "message") {
      on_message(*item);
    }
    const std::string_view id = json_string(*item, "id");
    if (!known(id)) {
      remember(id);
      const std::string_view previous = json_string(body, "previous_item_id");
      walk_to(previous.empty() ? json_string(*item, "previous_item_id") : previous);
    }
  }
  one_less();
}

void ConversationRepair::on_message(const json::value& item) {
  const std::string_view role = json_string(item, "role");
  const std::string_view status = json_string(item, "status", "completed");
  const json::value* content = json_at(item, "content");
  if (content == nullptr || !content->is_array() || status == "in_progress") {
    return;
  }
  FoundMessage found{std::string{json_string(item, "id")},
                     role == "user" ? "caller" : "model",
                     {},
                     status == "incomplete"};
  for (const json::value& part : content->get_array()) {
    // Text of a user or the system is what we wrote ourselves.
    found.text += json_string(part, "transcript");
    found.text += role == "assistant" ? json_string(part, "text") : std::string_view{};
  }
  if (!found.text.empty()) {
    std::erase(unheard_, found.item_id);
    messages_.push_back(std::move(found));
  }
}

void ConversationRepair::begin() {
  if (waiting_ > 0) {  // of an attachment that is gone as well
    waiting_ = 0;
    found_.clear();
    answered_.clear();
  }
  steps_ = 0;
  probe_ = "probe_" + random_base62(20);
  ++waiting_;
  events_.push_back(
      probe_event(probe_, std::string{repair_event_prefix} + std::to_string(++count_)));
  for (const auto* const list : {&announced_, &unheard_}) {
    for (const std::string& item : *list) {
      retrieve(item);
    }
  }
}

void ConversationRepair::walk_to(std::string_view item_id) {
  if (!item_id.empty() && !known(item_id) && steps_ < most_steps) {
    ++steps_;
    retrieve(item_id);
  }
}

void ConversationRepair::retrieve(std::string_view item_id) {
  ++waiting_;
  events_.push_back(about_item("conversation.item.retrieve", item_id,
                               std::string{repair_event_prefix} + std::to_string(++count_)));
}

void ConversationRepair::one_less() {
  --waiting_;
  if (waiting_ > 0) {
    return;
  }
  events_.push_back(about_item("conversation.item.delete", probe_,
                               std::string{repair_event_prefix} + std::to_string(++count_)));
  probe_.clear();
  for (json::value& call : found_) {
    const std::string_view id = json_string(call, "call_id");
    if (std::ranges::find(answered_, id) == answered_.end()) {
      unanswered_.push_back(std::move(call));
    }
  }
  std::ranges::reverse(unanswered_);  // in the order in which they were made
  found_.clear();
  answered_.clear();
}

void ConversationRepair::remember(std::string_view item_id) {
  if (!item_id.empty()) {
    recent_.emplace_back(item_id);
    keep_latest(recent_);
  }
}

bool ConversationRepair::known(std::string_view item_id) const {
  return std::ranges::find(recent_, item_id) != recent_.end();
}

}  // namespace offhook::agent
