#include "sim/call_transcript.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"

namespace offhook::sim {

namespace json = boost::json;

void CallTranscript::begin(std::string id, double at_ms) {
  if (begun_.size() >= most_begun) {
    begun_.clear();  // nobody asks for old ones
  }
  begun_.insert_or_assign(std::move(id), at_ms);
}

double CallTranscript::begun(const std::string& id, double otherwise) const {
  const auto found = begun_.find(id);
  return found == begun_.end() ? otherwise : found->second;
}

void CallTranscript::insert(Line line) {
  line.text.resize(std::min(line.text.size(), longest_line));
  const auto place =
      std::upper_bound(lines_.begin(), lines_.end(), line.at_ms,
                       [](double at_ms, const Line& other) { return at_ms < other.at_ms; });
  lines_.insert(place, std::move(line));
  if (lines_.size() > most_lines) {
    lines_.pop_front();
    ++dropped_;
  }
}

void CallTranscript::append_delta(std::string_view who, std::string_view delta, double at_ms) {
  if (!lines_.empty() && lines_.back().open && lines_.back().who == who) {
    if (lines_.back().text.size() + delta.size() <= longest_line) {
      lines_.back().text += delta;
    }
    return;
  }
  while (delta.starts_with(' ')) {
    delta.remove_prefix(1);
  }
  Line line{std::string{who}, std::string{delta}, at_ms};
  line.open = true;
  insert(std::move(line));
}

void CallTranscript::on_event(const json::object& event, double at_ms) {
  const auto text_of = [&](std::string_view key) {
    const json::value* const value = event.if_contains(key);
    return value != nullptr && value->is_string() ? std::string{value->get_string()}
                                                  : std::string{};
  };
  const std::string type = text_of("type");
  if (type == "input_audio_buffer.speech_started") {
    begin(text_of("item_id"), at_ms);
  } else if (type == "output_audio_buffer.started") {
    const std::string response = text_of("response_id");
    begin(response, at_ms);
  } else if (type == "response.output_audio_transcript.done" ||
             type == "response.output_text.done") {
    Line line{"model", text_of(type == "response.output_text.done" ? "text" : "transcript")};
    line.at_ms = begun(text_of("response_id"), at_ms);
    line.item_id = text_of("item_id");
    insert(std::move(line));
  } else if (type == "conversation.item.truncated") {
    const auto found = std::find_if(lines_.begin(), lines_.end(), [&](const Line& line) {
      return line.item_id == text_of("item_id") && line.who == "model";
    });
    if (found != lines_.end()) {
      const json::value* const heard = event.if_contains("audio_end_ms");
      found->interrupted = true;
      found->heard_ms = heard != nullptr && heard->is_int64() ? heard->get_int64() : 0;
    }
  } else if (type == "session.input_transcript.delta") {
    append_delta("caller", text_of("delta"), at_ms);
  } else if (type == "session.output_transcript.delta") {
    append_delta("model", text_of("delta"), at_ms);
  }
}

void CallTranscript::on_heard(const std::string& item_id, std::string_view words, double at_ms) {
  Line line{"caller", std::string{words}, begun(item_id, at_ms)};
  line.item_id = item_id;
  insert(std::move(line));
}

json::array CallTranscript::describe() const {
  json::array list;
  for (const Line& line : lines_) {
    json::object shown{{"who", line.who}, {"text", line.text}, {"at_ms", line.at_ms}};
    if (line.interrupted) {
      shown["interrupted"] = true;
      shown["heard_ms"] = line.heard_ms;
    }
    list.push_back(std::move(shown));
  }
  return list;
}

}  // namespace offhook::sim
