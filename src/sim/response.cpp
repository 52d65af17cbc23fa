#include "sim/response.hpp"

#include <algorithm>
#include <utility>

namespace offhook::sim {
namespace {

namespace json = boost::json;

/// Sound that is handed out at once, so that a busy machine does not make the model stutter.
constexpr int head_start_ms = 400;
constexpr std::chrono::milliseconds patience_for_playback{500};
constexpr std::size_t arguments_per_delta = 8;
constexpr int output_ms_per_token = 50;

}  // namespace

int text_tokens(std::string_view text) { return static_cast<int>((text.size() + 3) / 4); }

Response::Response(ResponsePlan plan, Outbox& out)
    : plan_{std::move(plan)},
      id_{out.ids().realtime("resp_")},
      item_id_{out.ids().realtime("item_")} {
  if (auto* const call = std::get_if<CallFunction>(&plan_.reply)) {
    function_ = true;
    call_ = std::move(*call);
    call_id_ = out.ids().realtime("call_");
  } else {
    speech_ = !plan_.text_only;
  }
}

void Response::begin(Outbox& out, Conversation& conversation) {
  conversation_id_ = conversation.id();
  out.send("response.created", {{"response", describe(nullptr)}});
  item_.body = {{"id", item_id_}, {"object", "realtime.item"}};
  if (function_) {
    item_.body["type"] = "function_call";
    item_.body["status"] = "in_progress";
    item_.body["name"] = call_.name;
    item_.body["call_id"] = call_id_;
    item_.body["arguments"] = "";
  } else {
    item_.body["type"] = "message";
    item_.body["status"] = "in_progress";
    item_.body["role"] = "assistant";
    item_.body["content"] = json::array{};
  }
  out.send("response.output_item.added",
           {{"response_id", id_}, {"output_index", 0}, {"item", item_.body}});
  if (plan_.in_conversation) {
    conversation.append(item_);
    out.send("conversation.item.added",
             {{"previous_item_id", conversation.before(item_id_)}, {"item", item_.body}});
  }
  if (function_) {
    cut_into_pieces(call_.arguments);
    return;
  }
  json::object added = place(true);
  added["part"] = part("");
  out.send("response.content_part.added", added);
  const std::string& text = std::get<Say>(plan_.reply).text;
  if (speech_) {
    out.act(Synthesise{id_, text});
  } else {
    cut_into_pieces(text);
  }
}

/// Words for text, a few characters each for a function's arguments.
void Response::cut_into_pieces(std::string_view text) {
  while (!text.empty()) {
    std::size_t length = arguments_per_delta;
    if (!function_) {
      length = text.find(' ', 1);
    }
    length = std::min(length, text.size());
    pieces_.push_back({std::string{text.substr(0, length)}});
    text.remove_prefix(length);
  }
  all_pieces_known_ = true;
}

void Response::add_sentence(const Sentence& sentence, bool last) {
  const std::string_view gap = pieces_.empty() ? "" : " ";
  if (sentence.words.empty()) {
    pieces_.push_back({std::string{gap} + sentence.text, known_ms_ + sentence.duration_ms});
  }
  bool first = true;
  for (const SpokenWord& word : sentence.words) {
    const std::string_view before = first ? gap : " ";
    const int end_ms = std::min(word.end_ms, sentence.duration_ms);
    pieces_.push_back({std::string{before} + word.text, known_ms_ + end_ms});
    first = false;
  }
  known_ms_ += sentence.duration_ms;
  pieces_.back().end_ms = known_ms_;  // the pause behind a sentence belongs to its last word
  all_pieces_known_ = last;
}

bool Response::due(Time now) const {
  const bool urgent = next_ == 0 || (speech_ && generated_ms_ < head_start_ms);
  return urgent || now >= last_sent_ + plan_.word_interval;
}

bool Response::advance(Time now, Outbox& out) {
  while (next_ < pieces_.size() && due(now)) {
    const bool urgent = next_ == 0 || (speech_ && generated_ms_ < head_start_ms);
    last_sent_ = urgent ? now : last_sent_ + plan_.word_interval;
    send_delta(pieces_[next_++], out);
  }
  const bool all_sent = all_pieces_known_ && next_ == pieces_.size();
  return all_sent && (!speech_ || audible_ || now >= last_sent_ + patience_for_playback);
}

json::object Response::place(bool with_content_index) const {
  json::object place{{"response_id", id_}, {"item_id", item_id_}, {"output_index", 0}};
  if (with_content_index) {
    place["content_index"] = 0;
  }
  return place;
}

/// The content part as its events show it; the item's own content is named differently.
json::object Response::part(std::string_view transcript) const {
  if (speech_) {
    return {{"type", "audio"}, {"transcript", transcript}};
  }
  return {{"type", "text"}, {"text", transcript}};
}

void Response::send_delta(const Piece& piece, Outbox& out) {
  text_ += piece.text;
  json::object delta = place(!function_);
  if (function_) {
    delta["call_id"] = call_id_;
  }
  delta["delta"] = piece.text;
  out.send(function_ ? "response.function_call_arguments.delta"
           : speech_ ? "response.output_audio_transcript.delta"
                     : "response.output_text.delta",
           delta);
  if (speech_) {
    item_.words.push_back({piece.text, piece.end_ms});
    out.act(Play{id_, piece.end_ms});
    generated_ms_ = piece.end_ms;
  }
}

void Response::close_content(Outbox& out, bool whole) {
  if (function_) {
    if (whole) {
      json::object done = place(false);
      done["call_id"] = call_id_;
      done["name"] = call_.name;
      done["arguments"] = text_;
      out.send("response.function_call_arguments.done", done);
    }
    return;
  }
  json::object done = place(true);
  if (speech_) {
    out.send("response.output_audio.done", done);
    done["transcript"] = text_;
    out.send("response.output_audio_transcript.done", done);
  } else {
    done["text"] = text_;
    out.send("response.output_text.done", done);
  }
  json::object part_done = place(true);
  part_done["part"] = part(text_);
  out.send("response.content_part.done", part_done);
}

void Response::close_item(bool whole) {
  item_.body["status"] = whole ? "completed" : "incomplete";
  item_.audio_ms = generated_ms_;
  if (function_) {
    item_.body["arguments"] = text_;
  } else if (speech_) {
    const json::object content{{"type", "output_audio"}, {"transcript", text_}};
    item_.body["content"] = json::array{content};
  } else {
    const json::object content{{"type", "output_text"}, {"text", text_}};
    item_.body["content"] = json::array{content};
  }
}

void Response::finish(const Ending& ending, Outbox& out, Conversation& conversation) {
  const bool whole = ending.status == "completed";
  if (!whole && speech_) {
    out.act(StopSynthesis{id_});
  }
  close_content(out, whole);
  close_item(whole);
  if (plan_.in_conversation) {
    if (Item* const kept = conversation.find(item_id_)) {  // the controller may have deleted it
      *kept = item_;
      out.send("conversation.item.done",
               {{"previous_item_id", conversation.before(item_id_)}, {"item", item_.body}});
    }
  }
  out.send("response.output_item.done",
           {{"response_id", id_}, {"output_index", 0}, {"item", item_.body}});
  out.send("response.done", {{"response", describe(&ending)}});
}

json::object Response::usage() const {
  const int text = text_tokens(text_);
  const int audio = generated_ms_ / output_ms_per_token;
  const int input = plan_.input_text_tokens + plan_.input_audio_tokens;
  const json::object cached{{"text_tokens", 0}, {"audio_tokens", 0}, {"image_tokens", 0}};
  const json::object input_details{{"text_tokens", plan_.input_text_tokens},
                                   {"audio_tokens", plan_.input_audio_tokens},
                                   {"image_tokens", 0},
                                   {"cached_tokens", 0},
                                   {"cached_tokens_details", cached}};
  const json::object output_details{{"text_tokens", text}, {"audio_tokens", audio}};
  return {{"total_tokens", input + text + audio},
          {"input_tokens", input},
          {"output_tokens", text + audio},
          {"input_token_details", input_details},
          {"output_token_details", output_details}};
}

/// @param ending  Null while the response is in progress.
json::object Response::describe(const Ending* ending) const {
  json::value details;
  json::value usage_counts;
  json::array output;
  if (ending != nullptr) {
    usage_counts = usage();
    output.push_back(item_.body);
    if (ending->status == "failed") {
      const json::object error{
          {"type", "server_error"}, {"code", "server_error"}, {"message", ending->reason}};
      details = json::object{{"type", "failed"}, {"error", error}};
    } else if (ending->status != "completed") {
      details = json::object{{"type", ending->status}, {"reason", ending->reason}};
    }
  }
  json::value conversation;
  if (plan_.in_conversation) {
    conversation = conversation_id_;
  }
  const json::object audio_output{{"format", plan_.output_format}, {"voice", plan_.voice}};
  return {{"object", "realtime.response"},
          {"id", id_},
          {"status", ending == nullptr ? "in_progress" : ending->status},
          {"status_details", details},
          {"output", output},
          {"conversation_id", conversation},
          {"output_modalities", json::array{plan_.text_only ? "text" : "audio"}},
          {"max_output_tokens", plan_.max_output_tokens},
          {"audio", json::object{{"output", audio_output}}},
          {"usage", usage_counts},
          {"metadata", plan_.metadata}};
}

}  // namespace offhook::sim
