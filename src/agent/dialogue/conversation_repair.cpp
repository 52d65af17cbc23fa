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

constexpr std::size_t most_remembered_items = 64;
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

json::object about_item(std::string_view type, std::string_view id) {
  return {{"type", type}, {"item_id", id}};
}

/// At the end of `list`, which forgets what is oldest. What it holds already stays where it is.
void note(std::deque<std::string>& list, std::string_view id, std::size_t most) {
  if (id.empty() || std::ranges::find(list, id) != list.end()) {
    return;
  }
  list.emplace_back(id);
  if (list.size() > most) {
    list.pop_front();
  }
}

bool brings_words(std::string_view type) {
  return type == "conversation.item.input_audio_transcription.completed" ||
         type == "conversation.item.input_audio_transcription.failed" ||
         type == "response.output_audio_transcript.done" || type == "response.output_text.done";
}

bool of_the_model(const json::value& item) {
  return json_string(item, "type") == "function_call" || json_string(item, "role") == "assistant";
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
  } else if (type == "input_audio_buffer.speech_started" ||
             type == "input_audio_buffer.committed") {
    const json::value body = event.body;
    note(unheard_, json_string(body, "item_id"), most_unheard_items);
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
  const std::string_view type = json_string(body, "item.type");
  if (type == "function_call") {
    note(announced_, id, most_remembered_items);
  } else if (type == "function_call_output") {
    note(answered_, json_string(body, "item.call_id"), most_remembered_items);
  } else if (json_string(body, "item.role") == "assistant") {
    note(unheard_, id, most_unheard_items);
  }
  note(recent_, id, most_remembered_items);
  if (waiting_ == 0) {
    return;
  }
  const json::value* item = json_at(body, "item");
  went_on_ = went_on_ || (item != nullptr && of_the_model(*item));
  look_for(json_string(body, "previous_item_id"), id);
  if (id == probe_) {
    one_less();
  }
}

void ConversationRepair::on_retrieved(const json::value& body) {
  const json::value* item = json_at(body, "item");
  if (waiting_ == 0 || item == nullptr) {
    return;
  }
  const std::string_view id = json_string(*item, "id");
  const auto missed = std::ranges::find(missed_, id, &Missed::item_id);
  const std::string next = missed == missed_.end() ? std::string{} : missed->next;
  if (missed != missed_.end()) {
    missed_.erase(missed);
  }
  const std::string_view type = json_string(*item, "type");
  const bool complete = json_string(*item, "status", "completed") == "completed";
  if (type == "function_call_output") {
    note(answered_, json_string(*item, "call_id"), most_remembered_items);
  } else if (type == "function_call" && complete) {
    std::erase(announced_, id);
    found_.push_back(*item);
  } else if (type == "function_call") {
    note(announced_, id, most_remembered_items);
  } else if (type == "message") {
    on_message(*item, next);
  }
  if (next == probe_) {
    went_on_ = went_on_ || of_the_model(*item);
  }
  note(recent_, id, most_remembered_items);
  const std::string_view previous = json_string(body, "previous_item_id");
  look_for(previous.empty() ? json_string(*item, "previous_item_id") : previous, id);
  one_less();
}

void ConversationRepair::on_message(const json::value& item, const std::string& next) {
  const std::string_view role = json_string(item, "role");
  const std::string_view status = json_string(item, "status", "completed");
  const json::value* content = json_at(item, "content");
  FoundMessage found{std::string{json_string(item, "id")},
                     role == "user" ? "caller" : "model",
                     {},
                     status == "incomplete",
                     next};
  bool spoken = role == "assistant";
  if (content != nullptr && content->is_array()) {
    for (const json::value& part : content->get_array()) {
      // Text of a user or the system is what we wrote ourselves.
      found.text += json_string(part, "transcript");
      found.text += role == "assistant" ? json_string(part, "text") : std::string_view{};
      spoken = spoken || json_string(part, "type") == "input_audio";
    }
  }
  if (status != "in_progress" && !found.text.empty()) {
    std::erase(unheard_, found.item_id);
    messages_.push_back(std::move(found));
  } else if (spoken) {
    note(unheard_, found.item_id, most_unheard_items);  // its words come, or a gap before them
  }
}

void ConversationRepair::begin() {
  if (!probe_.empty()) {  // of an attachment that is gone as well, and in the way of what it hid
    remove_probe();
  }
  steps_ = 0;
  waiting_ = 1;
  probe_ = "probe_" + random_base62(20);
  note(recent_, probe_, most_remembered_items);
  events_.push_back(
      probe_event(probe_, std::string{repair_event_prefix} + std::to_string(++count_)));
  std::deque<std::string> wanted = announced_;
  wanted.insert(wanted.end(), unheard_.begin(), unheard_.end());
  for (const Missed& missed : missed_) {
    note(wanted, missed.item_id, wanted.size() + 1);
  }
  for (const std::string& item : wanted) {
    retrieve(item);
  }
}

void ConversationRepair::look_for(std::string_view item_id, std::string_view next) {
  const auto missed = std::ranges::find(missed_, item_id, &Missed::item_id);
  if (missed != missed_.end()) {
    missed->next = next;  // asked for already
    return;
  }
  const bool known = std::ranges::find(recent_, item_id) != recent_.end();
  if (!item_id.empty() && !known && steps_ < most_steps) {
    ++steps_;
    missed_.push_back({std::string{item_id}, std::string{next}});
    if (missed_.size() > most_unheard_items) {
      missed_.pop_front();
    }
    retrieve(item_id);
  }
}

void ConversationRepair::retrieve(std::string_view item_id) {
  ++waiting_;
  json::object event = about_item("conversation.item.retrieve", item_id);
  event["event_id"] = std::string{repair_event_prefix} + std::to_string(++count_);
  events_.push_back(json::serialize(event));
}

void ConversationRepair::remove_probe() {
  events_.push_back(json::serialize(about_item("conversation.item.delete", probe_)));
  probe_.clear();
}

void ConversationRepair::one_less() {
  --waiting_;
  if (waiting_ > 0) {
    return;
  }
  remove_probe();
  model_went_on_ = std::exchange(went_on_, false);
  for (json::value& call : found_) {
    const std::string_view id = json_string(call, "call_id");
    if (std::ranges::find(answered_, id) == answered_.end()) {
      unanswered_.push_back(std::move(call));
    }
  }
  std::ranges::reverse(unanswered_);  // in the order in which they were made
  found_.clear();
}

}  // namespace offhook::agent
