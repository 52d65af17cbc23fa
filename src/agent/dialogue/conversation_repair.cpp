#include "agent/dialogue/conversation_repair.hpp"

#include <algorithm>
#include <variant>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/random.hpp"

namespace offhook::agent {
namespace {

namespace json = boost::json;
using openai::ConversationItem;

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

bool of_the_model(const ConversationItem& item) {
  return item.type == "function_call" || item.role == "assistant";
}

}  // namespace

void ConversationRepair::on_event(const openai::RealtimeEvent& event) {
  using Step = openai::RealtimeItemEvent::Step;
  if (const auto* const item = std::get_if<openai::RealtimeItemEvent>(&event)) {
    if (item->step == Step::added) {
      on_item(item->item, item->previous_item_id);
    } else if (item->step == Step::retrieved) {
      on_retrieved(item->item, item->previous_item_id);
    }
  } else if (const auto* const response = std::get_if<openai::RealtimeResponse>(&event)) {
    if (response->done && response->output) {
      for (const ConversationItem& said : *response->output) {
        std::erase(announced_, said.id);
        std::erase(unheard_, said.id);
      }
    }
  } else if (const auto* const speech = std::get_if<openai::RealtimeSpeech>(&event)) {
    if (speech->started) {
      note(unheard_, speech->item_id, most_unheard_items);
    }
  } else if (const auto* const committed = std::get_if<openai::RealtimeCommitted>(&event)) {
    note(unheard_, committed->item_id, most_unheard_items);
  } else if (const auto* const caller = std::get_if<openai::RealtimeCallerWords>(&event)) {
    std::erase(unheard_, caller->item_id);
  } else if (const auto* const words = std::get_if<openai::RealtimeModelWords>(&event)) {
    if (words->step != openai::RealtimeModelWords::Step::delta) {
      std::erase(unheard_, words->item_id);
    }
  } else if (const auto* const error = std::get_if<openai::RealtimeError>(&event)) {
    if (waiting_ > 0 && error->event_id.starts_with(repair_event_prefix)) {
      one_less();
    }
  }
}

void ConversationRepair::on_item(const ConversationItem& item, std::string_view previous) {
  if (item.type == "function_call") {
    note(announced_, item.id, most_remembered_items);
  } else if (item.type == "function_call_output") {
    note(answered_, item.call_id, most_remembered_items);
  } else if (item.role == "assistant") {
    note(unheard_, item.id, most_unheard_items);
  }
  note(recent_, item.id, most_remembered_items);
  if (waiting_ == 0) {
    return;
  }
  went_on_ = went_on_ || of_the_model(item);
  look_for(previous, item.id);
  if (item.id == probe_) {
    one_less();
  }
}

void ConversationRepair::on_retrieved(const ConversationItem& item, std::string_view previous) {
  if (waiting_ == 0) {
    return;
  }
  const auto missed = std::ranges::find(missed_, item.id, &Missed::item_id);
  const std::string next = missed == missed_.end() ? std::string{} : missed->next;
  if (missed != missed_.end()) {
    missed_.erase(missed);
  }
  if (item.type == "function_call_output") {
    note(answered_, item.call_id, most_remembered_items);
  } else if (item.type == "function_call" && item.status == "completed") {
    std::erase(announced_, item.id);
    found_.push_back(item);
  } else if (item.type == "function_call") {
    note(announced_, item.id, most_remembered_items);
  } else if (item.type == "message") {
    on_message(item, next);
  }
  if (next == probe_) {
    went_on_ = went_on_ || of_the_model(item);
  }
  note(recent_, item.id, most_remembered_items);
  look_for(previous, item.id);
  one_less();
}

void ConversationRepair::on_message(const ConversationItem& item, const std::string& next) {
  if (item.status != "in_progress" && !item.words.empty()) {
    std::erase(unheard_, item.id);
    messages_.push_back({item.id, item.role == "user" ? "caller" : "model", item.words,
                         item.status == "incomplete", next});
  } else if (item.role == "assistant" || item.has_input_audio) {
    note(unheard_, item.id, most_unheard_items);  // its words come, or a gap before them
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
  for (ConversationItem& call : found_) {
    if (std::ranges::find(answered_, call.call_id) == answered_.end()) {
      unanswered_.push_back(std::move(call));
    }
  }
  std::ranges::reverse(unanswered_);  // in the order in which they were made
  found_.clear();
}

}  // namespace offhook::agent
