#include "sim/response.hpp"

#include <algorithm>
#include <utility>

#include "sim/stand_in_voice.hpp"

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
    : plan_{std::move(plan)}, id_{out.ids().realtime("resp_")}, thinking_{!plan_.reply} {
  if (plan_.max_output_tokens.is_int64()) {
    most_tokens_ = static_cast<int>(plan_.max_output_tokens.get_int64());
  }
}

void Response::begin(Outbox& out, Conversation& conversation) {
  conversation_id_ = conversation.id();
  out.send("response.created", {{"response", describe(nullptr)}});
  if (plan_.reply) {
    reply_with(*plan_.reply, out, conversation);
  }
}

void Response::reply_with(ReplyPart part, Outbox& out, Conversation& conversation) {
  thinking_ = !part.last;
  more_.insert(more_.end(), part.calls.begin(), part.calls.end());
  const bool message_goes_on = open_ || !part.words.empty();
  if (message_goes_on) {
    if (!open_) {
      open_message(out, conversation);
    }
    write(std::move(part.words), part.last, out);
  } else if (part.last && !more_.empty()) {
    open_call(std::move(more_.front()), out, conversation);
    more_.pop_front();
  }
}

void Response::open_item(Outbox& out, Conversation& conversation) {
  open_ = true;
  if (server_call_ == ServerCall::none) {  // those of servers' tools have no status
    item_.body["status"] = "in_progress";
  }
  out.send("response.output_item.added",
           {{"response_id", id_}, {"output_index", index_}, {"item", item_.body}});
  if (plan_.in_conversation) {
    conversation.append(item_);
    out.send("conversation.item.added",
             {{"previous_item_id", conversation.before(item_id_)}, {"item", item_.body}});
  }
}

void Response::open_message(Outbox& out, Conversation& conversation) {
  speech_ = !plan_.text_only;
  item_id_ = out.ids().realtime("item_");
  item_.body = {{"id", item_id_},    {"object", "realtime.item"}, {"type", "message"},
                {"status", nullptr}, {"role", "assistant"},       {"content", json::array{}}};
  open_item(out, conversation);
  json::object added = place(true);
  added["part"] = part("");
  out.send("response.content_part.added", added);
}

void Response::write(std::string words, bool last, Outbox& out) {
  if (speech_) {
    words.erase(0, std::min(words.find_first_not_of(' '), words.size()));
    const auto* const name = plan_.voice.if_string();
    const std::string_view voice = name == nullptr ? std::string_view{} : std::string_view{*name};
    out.act(
        Synthesise{id_, std::move(words), last, {std::string{stand_in_voice(voice)}, plan_.speed}});
  } else {
    cut_into_pieces(words);
    all_pieces_known_ = last;
  }
}

void Response::open_call(CallFunction call, Outbox& out, Conversation& conversation) {
  function_ = true;
  speech_ = false;
  call_ = std::move(call);
  item_ = {};
  if (!call_.server.empty()) {
    server_call_ = ServerCall::writing;
    item_id_ = out.ids().realtime("mcp_");
    item_.body = {{"id", item_id_},     {"type", "mcp_call"}, {"server_label", call_.server},
                  {"name", call_.name}, {"arguments", ""},    {"approval_request_id", nullptr},
                  {"output", nullptr},  {"error", nullptr}};
    open_item(out, conversation);
    cut_into_pieces(call_.arguments);
    all_pieces_known_ = true;
    return;
  }
  item_id_ = out.ids().realtime("item_");
  call_id_ = out.ids().realtime("call_");
  item_.body = {{"id", item_id_},    {"object", "realtime.item"}, {"type", "function_call"},
                {"status", nullptr}, {"name", call_.name},        {"call_id", call_id_},
                {"arguments", ""}};
  open_item(out, conversation);
  cut_into_pieces(call_.arguments);
  all_pieces_known_ = true;
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
}

void Response::add_sentence(const Sentence& sentence, bool last) {
  all_pieces_known_ = last;
  if (sentence.text.empty() && !pieces_.empty()) {
    return;
  }
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
}

bool Response::due(Time now) const {
  if (!plan_.paced) {
    return next_ == 0 || !speech_ || audible_ || now >= last_sent_ + patience_for_playback;
  }
  const bool urgent = next_ == 0 || (speech_ && generated_ms_ < head_start_ms);
  return urgent || now >= last_sent_ + plan_.word_interval;
}

int Response::tokens_of(std::string_view text, int audio_ms) const {
  return ended_tokens_ + text_tokens(text) + audio_ms / output_ms_per_token;
}

bool Response::affordable(const Piece& piece) const {
  const int audio_ms = speech_ ? piece.end_ms : generated_ms_;
  return tokens_of(text_ + piece.text, audio_ms) <= most_tokens_;
}

Response::Progress Response::advance(Time now, Outbox& out, Conversation& conversation) {
  while (open_) {
    while (next_ < pieces_.size() && due(now) && !cut_off_) {
      const bool urgent = next_ == 0 || (speech_ && generated_ms_ < head_start_ms);
      if (plan_.paced || next_ == 0) {
        last_sent_ = urgent ? now : last_sent_ + plan_.word_interval;
      }
      cut_off_ = !affordable(pieces_[next_]);
      if (!cut_off_) {
        send_delta(pieces_[next_++], out);
        cut_off_ = plan_.filtered;
      }
    }
    const bool all_sent = cut_off_ || (all_pieces_known_ && next_ == pieces_.size());
    const bool begun = !speech_ || audible_ || now >= last_sent_ + patience_for_playback;
    if (!all_sent || !begun) {
      return Progress::running;
    }
    if (!cut_off_ && server_call_ != ServerCall::none) {
      if (const Progress asked = ask_for_call(out); asked != Progress::complete) {
        return asked;
      }
    }
    if (cut_off_ || more_.empty()) {
      return cut_off_ ? Progress::cut_off : Progress::complete;
    }
    end_item(true, out, conversation);
    open_call(std::move(more_.front()), out, conversation);
    more_.pop_front();
  }
  return Progress::running;
}

Response::Progress Response::ask_for_call(Outbox& out) {
  if (server_call_ == ServerCall::writing) {
    server_call_ = ServerCall::asked;
    item_.body["arguments"] = text_;
    json::object done = place(false);
    done["arguments"] = text_;
    out.send("response.mcp_call_arguments.done", done);
    return Progress::calling;
  }
  const bool over = server_call_ == ServerCall::left || server_call_ == ServerCall::returned;
  return over ? Progress::complete : Progress::running;
}

void Response::leave_call(const std::string& approval_request_id) {
  server_call_ = ServerCall::left;
  item_.body["approval_request_id"] = approval_request_id;
}

void Response::call_returned(const json::object& fields) {
  server_call_ = ServerCall::returned;
  for (const auto& [key, value] : fields) {
    item_.body[key] = value;
  }
}

json::object Response::place(bool with_content_index) const {
  json::object place{{"response_id", id_}, {"item_id", item_id_}, {"output_index", index_}};
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
  if (function_ && server_call_ == ServerCall::none) {
    delta["call_id"] = call_id_;
  }
  delta["delta"] = piece.text;
  out.send(server_call_ != ServerCall::none ? "response.mcp_call_arguments.delta"
           : function_                      ? "response.function_call_arguments.delta"
           : speech_                        ? "response.output_audio_transcript.delta"
                                            : "response.output_text.delta",
           delta);
  if (speech_) {
    item_.words.push_back({piece.text, piece.end_ms});
    out.act(Play{id_, piece.end_ms});
    generated_ms_ = piece.end_ms;
  }
}

void Response::close_content(Outbox& out, bool whole) {
  if (server_call_ != ServerCall::none) {
    return;  // said already, if they are whole
  }
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
  if (server_call_ != ServerCall::none) {
    if (server_call_ <= ServerCall::asked) {
      item_.body["arguments"] = text_;
      item_.body["error"] = json::object{{"type", "tool_execution_error"},
                                         {"message", "The response ended before the call."}};
    }
    return;
  }
  item_.body["status"] = whole ? "completed" : "incomplete";
  if (function_) {
    item_.body["arguments"] = text_;
    return;
  }
  item_.audio_ms = generated_ms_;
  const json::object content{{"type", speech_ ? "output_audio" : "output_text"},
                             {speech_ ? "transcript" : "text", text_}};
  item_.body["content"] = json::array{content};
}

void Response::end_item(bool whole, Outbox& out, Conversation& conversation) {
  close_content(out, whole);
  close_item(whole);
  if (plan_.in_conversation) {
    if (Item* const kept = conversation.find(item_id_)) {  // the controller may have deleted it
      *kept = item_;
      const bool to_come = server_call_ == ServerCall::running || server_call_ == ServerCall::left;
      if (!to_come) {
        out.send("conversation.item.done",
                 {{"previous_item_id", conversation.before(item_id_)}, {"item", item_.body}});
      }
    }
  }
  out.send("response.output_item.done",
           {{"response_id", id_}, {"output_index", index_++}, {"item", item_.body}});
  ended_.push_back(item_.body);
  ended_tokens_ += text_tokens(text_);
  text_.clear();
  pieces_.clear();
  next_ = 0;
  all_pieces_known_ = false;
  function_ = false;
  server_call_ = ServerCall::none;
  open_ = false;
}

void Response::finish(const Ending& ending, Outbox& out, Conversation& conversation) {
  const bool whole = ending.status == "completed";
  if (!whole && speech_) {
    out.act(StopSynthesis{id_});
  }
  if (thinking_) {
    out.act(StopThinking{id_});
  }
  if (open_) {
    end_item(whole, out, conversation);
  }
  out.send("response.done", {{"response", describe(&ending)}});
}

json::object Response::usage() const {
  const int text = ended_tokens_;
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
  if (ending != nullptr) {
    usage_counts = usage();
    if (ending->status == "failed") {
      const json::object error{
          {"type", ending->error_type}, {"code", ending->error_code}, {"message", ending->reason}};
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
          {"output", ended_},
          {"conversation_id", conversation},
          {"output_modalities", json::array{plan_.text_only ? "text" : "audio"}},
          {"max_output_tokens", plan_.max_output_tokens},
          {"audio", json::object{{"output", audio_output}}},
          {"usage", usage_counts},
          {"metadata", plan_.metadata}};
}

}  // namespace offhook::sim
