#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "sim/chat.hpp"
#include "sim/realtime_session.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr int input_ms_per_token = 100;

int count_text_tokens(const Item& item) {
  int tokens = text_tokens(json_string(item.body, "output")) +
               text_tokens(json_string(item.body, "arguments"));
  if (const auto* const content = item.body.if_contains("content");
      content && content->is_array()) {
    for (const auto& part : content->get_array()) {
      tokens +=
          text_tokens(json_string(part, "text")) + text_tokens(json_string(part, "transcript"));
    }
  }
  return tokens;
}

}  // namespace

/// Tools of the response's own, or else of the session, with what their servers offer.
json::array RealtimeSession::tools_for(const json::value& overrides) const {
  const json::value* const own = json_at(overrides, "tools");
  return own != nullptr && own->is_array() ? own->get_array()
                                           : config_.json().at("tools").as_array();
}

/// The conversation, or what stands for it in this response.
ApiResult<Conversation> RealtimeSession::context_of(const json::value& overrides) const {
  const json::value* const input = json_at(overrides, "input");
  if (input == nullptr || input->is_null()) {
    return conversation_;
  }
  if (!input->is_array()) {
    return refuse(invalid_value("response.input", "an array"));
  }
  Conversation context{conversation_.id()};
  std::size_t index = 0;
  for (const json::value& given : input->get_array()) {
    const std::string place = "response.input[" + std::to_string(index++) + ']';
    if (json_string(given, "type") == "item_reference") {
      const Item* const item = conversation_.find(json_string(given, "id"));
      if (item == nullptr) {
        return refuse(
            {"invalid_value",
             "The item with id '" + std::string{json_string(given, "id")} + "' does not exist.",
             place + ".id"});
      }
      context.append(*item);
    } else if (auto checked = check_item(given); !checked) {
      checked.error().param = place;
      return refuse(std::move(checked).error());
    } else {
      context.append(complete_item(given.get_object(), place));
    }
  }
  return context;
}

/// The caller's words since the model last spoke, or the outputs of functions that came last.
Prompt RealtimeSession::prompt(const json::value& overrides, const Conversation& context) const {
  Prompt prompt;
  prompt.instructions = json_string(overrides, "instructions");
  prompt.session_instructions = config_.instructions();
  prompt.caller_spoke = context.has_user_message();
  prompt.interrupted = cut_short_;
  prompt.tools = servers_.with_offered(tools_for(overrides));
  if (const json::value* const choice = json_at(overrides, "tool_choice")) {
    prompt.must_call = json_string(*choice, "name");
    prompt.may_call = *choice != "none";
  }
  const auto& items = context.items();
  bool called = false;
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    if (const auto output = item->tool_output()) {
      if (called) {
        prompt.earlier_outputs.insert(prompt.earlier_outputs.begin(), *output);
      } else {
        prompt.tool_output = *output;
      }
      called = true;
      continue;
    }
    if (item->is_of_servers()) {
      continue;  // says nothing
    }
    if (item->role() != "user" || called) {
      break;
    }
    prompt.heard = item->words_said() + (prompt.heard.empty() ? "" : " ") + prompt.heard;
  }
  return prompt;
}

/// One call only where the session wants no parallel ones; and whose tools they are.
void RealtimeSession::limit_calls(std::vector<CallFunction>& calls,
                                  const json::array& tools) const {
  const json::value* const parallel = config_.json().if_contains("parallel_tool_calls");
  if (parallel != nullptr && *parallel == false && calls.size() > 1) {
    calls.erase(calls.begin() + 1, calls.end());
  }
  for (CallFunction& call : calls) {
    if (auto found = servers_.find(tools, call.name)) {
      call.server = std::move(found->label);
      call.needs_approval = found->needs_approval;
    }
  }
}

/// The question for a chat model.
json::object RealtimeSession::thought_for(const Prompt& prompt,
                                          const json::value& overrides,
                                          const Conversation& context) const {
  ChatPrompt chat;
  chat.instructions = prompt.session_instructions;
  if (!prompt.instructions.empty()) {
    chat.instructions += "\n\n" + prompt.instructions;
  }
  chat.tools = prompt.tools;
  for (const auto& [field, place] : {std::pair{"tool_choice", &chat.tool_choice},
                                     std::pair{"max_output_tokens", &chat.max_output_tokens}}) {
    const json::value* const own = json_at(overrides, field);
    *place = own != nullptr ? *own : config_.json().at(field);
  }
  return chat_request(chat, context);
}

/// @param overrides  `response` of a response.create, or an empty object after a caller's turn.
ResponsePlan RealtimeSession::plan(const json::value& overrides,
                                   const Conversation& context) const {
  const auto instructions = json_string(overrides, "instructions");
  ResponsePlan plan;
  plan.text_only = config_.text_only();
  if (const auto* const modalities = json_at(overrides, "output_modalities")) {
    plan.text_only = modalities->as_array().front() == "text";
  }
  plan.in_conversation = json_string(overrides, "conversation", "auto") != "none";
  if (const auto* const metadata = json_at(overrides, "metadata")) {
    plan.metadata = *metadata;
  }
  plan.max_output_tokens = config_.json().at("max_output_tokens");
  if (const auto* const limit = json_at(overrides, "max_output_tokens")) {
    plan.max_output_tokens = *limit;
  }
  const json::object& output = config_.json().at("audio").at("output").as_object();
  plan.output_format = output.at("format").as_object();
  plan.voice = output.at("voice");
  if (const auto* const voice = json_at(overrides, "audio.output.voice")) {
    plan.voice = *voice;
  }
  plan.speed = output.at("speed").to_number<double>();
  plan.input_text_tokens = text_tokens(config_.instructions()) + text_tokens(instructions);
  for (const Item& item : context.items()) {
    plan.input_text_tokens += count_text_tokens(item);
    plan.input_audio_tokens += item.audio_ms / input_ms_per_token;
  }
  plan.word_interval = word_interval_;
  plan.paced = !clock_->made_up();
  return plan;
}

void RealtimeSession::start_response(const json::value& overrides, Time now) {
  start_response(overrides, conversation_, now);
}

void RealtimeSession::start_response(const json::value& overrides,
                                     const Conversation& context,
                                     Time now) {
  idle_at_.reset();
  const Prompt asked = prompt(overrides, context);
  cut_short_ = false;
  ResponsePlan planned = plan(overrides, context);
  planned.tools = tools_for(overrides);
  json::object question;
  const bool fails = std::exchange(next_response_fails_, false);
  planned.filtered = !fails && std::exchange(next_response_is_cut_, false);
  if (fails) {
    planned.reply = ReplyPart{};
  } else if (brain_ && !persona_.dictated(asked)) {
    question = thought_for(asked, overrides, context);
  } else {
    planned.reply = whole(persona_.reply(asked));
    limit_calls(planned.reply->calls, planned.tools);
  }
  responses_.push_back(std::make_unique<Response>(std::move(planned), out_));
  responses_.back()->begin(out_, conversation_);
  if (fails) {
    end_response(std::string{responses_.back()->id()},
                 {"failed", "Rate limit reached for requests. Please try again in 60ms.",
                  "requests", "rate_limit_exceeded"});
    if (responses_.empty() && playing_.empty()) {
      start_idle_timer(now);
    }
    return;
  }
  if (responses_.back()->thinking()) {
    out_.act(Think{responses_.back()->id(), std::move(question)});
  }
  advance_responses(now);
}

void RealtimeSession::advance_responses(Time now) {
  std::vector<std::pair<std::string, Ending>> over;
  for (const auto& response : responses_) {
    const std::string item_id = response->item_id();
    auto progress = response->advance(now, out_, conversation_);
    while (progress == Response::Progress::calling) {
      start_call(*response);
      progress = response->advance(now, out_, conversation_);
    }
    if (response->generated_ms() > 0) {
      model_spoke_ = true;
      Playback* playback = find_playback(response->id());
      if (playback == nullptr) {
        playing_.push_back({response->id(), item_id});
        playback = &playing_.back();
      }
      playback->generated_ms = response->generated_ms();
    }
    if (progress == Response::Progress::complete) {
      over.emplace_back(response->id(), Ending{});
    } else if (progress == Response::Progress::cut_off) {
      over.emplace_back(
          response->id(),
          Ending{"incomplete", response->filtered() ? "content_filter" : "max_output_tokens"});
    }
  }
  for (const auto& [id, ending] : over) {
    end_response(id, ending);
    report_playback(id);
    if (responses_.empty() && playing_.empty()) {
      start_idle_timer(now);  // nothing of it is to be heard
    }
  }
}

void RealtimeSession::end_response(const std::string& id, const Ending& ending) {
  const auto found = std::find_if(responses_.begin(), responses_.end(),
                                  [&](const auto& response) { return response->id() == id; });
  if (found == responses_.end()) {
    return;
  }
  const std::unique_ptr<Response> response = std::move(*found);
  responses_.erase(found);
  response->finish(ending, out_, conversation_);
  send_rate_limits();
  if (Playback* const playback = find_playback(id)) {
    playback->generated = true;
    if (playback->cleared) {
      std::erase_if(playing_, [&](const Playback& p) { return p.response_id == id; });
    }
  }
}

Response* RealtimeSession::active_response() {
  const auto found = std::find_if(responses_.begin(), responses_.end(),
                                  [](const auto& response) { return response->in_conversation(); });
  return found == responses_.end() ? nullptr : found->get();
}

Response* RealtimeSession::find_response(std::string_view id) {
  const auto found = std::find_if(responses_.begin(), responses_.end(),
                                  [&](const auto& response) { return response->id() == id; });
  return found == responses_.end() ? nullptr : found->get();
}

void RealtimeSession::send_rate_limits() {
  if (!rate_limits_) {
    return;
  }
  const json::object requests{
      {"name", "requests"}, {"limit", 1'000}, {"remaining", 999}, {"reset_seconds", 0.06}};
  const json::object tokens{
      {"name", "tokens"}, {"limit", 50'000}, {"remaining", 49'700}, {"reset_seconds", 0.36}};
  out_.send("rate_limits.updated", {{"rate_limits", json::array{requests, tokens}}});
}

void RealtimeSession::on_sentence(const std::string& response_id,
                                  const Sentence& sentence,
                                  bool last,
                                  Time now) {
  if (Response* const response = find_response(response_id)) {
    response->add_sentence(sentence, last);
    advance_responses(now);
  }
}

void RealtimeSession::on_synthesis_failed(const std::string& response_id,
                                          const std::string& why,
                                          Time /*now*/) {
  end_response(response_id, {"failed", why});
  report_playback(response_id);
}

void RealtimeSession::on_thought(const std::string& response_id, Result<ReplyPart> part, Time now) {
  Response* const response = find_response(response_id);
  if (response == nullptr || !response->thinking()) {
    return;  // cancelled meanwhile
  }
  if (!part) {
    const std::string gap = response->has_words() ? " " : "";
    part = ReplyPart{gap + std::string{no_thought}};
  }
  limit_calls(part->calls, response->tools());
  response->reply_with(*std::move(part), out_, conversation_);
  advance_responses(now);
}

RealtimeSession::Playback* RealtimeSession::find_playback(std::string_view response_id) {
  const auto found = std::find_if(playing_.begin(), playing_.end(), [&](const Playback& playback) {
    return playback.response_id == response_id;
  });
  return found == playing_.end() ? nullptr : &*found;
}

void RealtimeSession::on_playback(const std::string& response_id, int played_ms, Time now) {
  Playback* const playback = find_playback(response_id);
  if (playback == nullptr || playback->cleared) {
    return;
  }
  playback->played_ms = std::min(played_ms, playback->generated_ms);
  report_playback(response_id);
  if (playing_.empty() && responses_.empty()) {
    start_idle_timer(now);
  }
}

/// Tells when playback began and, once everything generated was heard, that it ended.
void RealtimeSession::report_playback(const std::string& response_id) {
  Playback* const playback = find_playback(response_id);
  if (playback == nullptr || playback->cleared) {
    return;
  }
  if (!playback->started && playback->played_ms > 0) {
    playback->started = true;
    out_.send("output_audio_buffer.started", {{"response_id", response_id}});
    if (Response* const response = find_response(response_id)) {
      response->set_audible();
    }
  }
  if (playback->generated && playback->started && playback->played_ms >= playback->generated_ms) {
    out_.send("output_audio_buffer.stopped", {{"response_id", response_id}});
    clock_->advance(playback->generated_ms);
    std::erase_if(playing_, [&](const Playback& p) { return p.response_id == response_id; });
  }
}

/// Throws away what waits to be heard. @return what was cut short.
std::vector<RealtimeSession::Playback> RealtimeSession::clear_playback() {
  std::vector<Playback> cut;
  for (Playback& playback : playing_) {
    if (playback.cleared) {
      continue;
    }
    playback.cleared = true;
    cut.push_back(playback);
    if (playback.started) {
      out_.send("output_audio_buffer.cleared", {{"response_id", playback.response_id}});
      clock_->advance(heard_of(playback));
    }
  }
  if (!cut.empty()) {
    out_.act(ClearPlayback{});
  }
  std::erase_if(playing_, [](const Playback& p) { return p.cleared && p.generated; });
  return cut;
}

}  // namespace offhook::sim
