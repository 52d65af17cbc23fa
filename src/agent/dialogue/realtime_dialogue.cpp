#include "agent/dialogue/realtime_dialogue.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "agent/dialogue/usage_meter.hpp"
#include "base/printable.hpp"

namespace offhook::agent {
namespace {

namespace json = boost::json;
using Kind = ResponseWish::Kind;

std::string message_event(std::string_view text, std::string_view role) {
  const json::object part{{"type", "input_text"}, {"text", text}};
  const json::object item{
      {"type", "message"}, {"role", role}, {"content", json::array{json::value(part)}}};
  return json::serialize(json::object{{"type", "conversation.item.create"}, {"item", item}});
}

std::string output_event(const AnswerCalls::Output& output) {
  const json::object item{{"id", output.item_id},
                          {"type", "function_call_output"},
                          {"call_id", output.function_call_id},
                          {"output", output.text}};
  return json::serialize(json::object{{"type", "conversation.item.create"},
                                      {"event_id", std::string{event_prefix} + output.item_id},
                                      {"item", item}});
}

}  // namespace

RealtimeDialogue::RealtimeDialogue(const AgentProfile& profile, DialogueOptions options)
    : profile_{profile},
      calls_{std::move(options.call_id), profile.tools},
      keypad_{profile.keypad},
      limiter_{profile.limits},
      transcript_{std::move(options.on_line), options.lines_kept},
      usage_{options.used} {}

void RealtimeDialogue::begin(Moment moment, bool /*again*/) { limiter_.begin(moment.now); }

void RealtimeDialogue::greet(Moment moment) {
  if (!profile_.opening.empty()) {
    queue_.want({Kind::words, profile_.opening, {}}, moment.now);
    collect(moment);
  }
}

void RealtimeDialogue::on_attached(bool gap, Moment moment) {
  if (gap) {
    limiter_.on_tokens(usage_.tokens(), moment.now);  // an earlier process may have used them up
    repair_.begin();
    for (Unconfirmed& output : unconfirmed_) {
      send(output.event);  // refused as a duplicate if it had arrived
      output.respond = output.respond || (output.goes_on && queue_.in_doubt());
    }
  }
  queue_.on_attached(moment.now);
  collect(moment);
}

void RealtimeDialogue::on_detached(Moment moment) {
  queue_.on_detached(moment.now);
  turns_.on_gap();
  collect(moment);
}

void RealtimeDialogue::on_event(const openai::SidebandEvent& told, Moment moment) {
  const openai::RealtimeEvent event = openai::read_realtime_event(told.type, told.body);
  turns_.on_event(event, moment.now);
  transcript_.on_event(event, moment.at_ms);
  repair_.on_event(event);
  queue_.on_event(event, moment.now);
  server_tools_.on_event(event, moment.now);
  if (const auto* const response = std::get_if<openai::RealtimeResponse>(&event)) {
    on_response(*response, moment);
  } else if (const auto* const digit = std::get_if<openai::RealtimeDigit>(&event)) {
    if (digit->digit != '\0') {
      keypad_.on_digit(digit->digit, moment.now);
    }
  } else if (const auto* const item = std::get_if<openai::RealtimeItemEvent>(&event)) {
    if (confirm(item->item.id)) {
      queue_.want({}, moment.now);
    }
  } else if (const auto* const error = std::get_if<openai::RealtimeError>(&event)) {
    on_error(*error);
  }
  collect(moment);
}

void RealtimeDialogue::on_response(const openai::RealtimeResponse& response, Moment moment) {
  if (!response.done) {
    return;
  }
  add_usage(usage_, response.usage);
  limiter_.on_tokens(usage_.tokens(), moment.now);
  if (response.output) {
    calls_.on_response(response.id, *response.output, moment.now);
  }
}

void RealtimeDialogue::on_error(const openai::RealtimeError& error) {
  const std::string_view id = error.event_id;
  if (!id.starts_with(event_prefix)) {
    return;
  }
  // A duplicate is there already. Any other refusal would come again, so it is over as well.
  static_cast<void>(confirm(id.substr(event_prefix.size())));
}

bool RealtimeDialogue::confirm(std::string_view item_id) {
  const auto found = std::ranges::find(unconfirmed_, item_id, &Unconfirmed::item_id);
  if (found == unconfirmed_.end()) {
    return false;
  }
  const bool respond = found->respond;
  effects_.emplace_back(OutputArrived{std::move(found->function_call_id)});
  unconfirmed_.erase(found);
  return respond;
}

void RealtimeDialogue::on_time(Moment moment) {
  queue_.on_time(moment.now);
  calls_.on_time(moment.now);
  keypad_.on_time(moment.now);
  server_tools_.on_time(moment.now);
  limiter_.on_time(moment.now);
  collect(moment);
}

std::optional<Dialogue::Time> RealtimeDialogue::deadline() const {
  std::optional<Time> first = queue_.deadline();
  earliest(first, calls_.deadline());
  earliest(first, keypad_.deadline());
  earliest(first, server_tools_.deadline());
  earliest(first, limiter_.deadline());
  return first;
}

void RealtimeDialogue::tool_finished(std::string function_call_id,
                                     std::string output,
                                     Moment moment) {
  queue_.withdraw(function_call_id);
  calls_.finished(function_call_id, std::move(output), moment.now);
  collect(moment);
}

void RealtimeDialogue::adopt(ToolCall call, Moment moment) {
  adopted_.insert(call.function_call_id);
  calls_.on_unanswered(as_item(call), moment.now);
  collect(moment);
}

void RealtimeDialogue::say(std::string words, Moment moment) {
  queue_.want({Kind::words, std::move(words), {}}, moment.now);
  collect(moment);
}

void RealtimeDialogue::instruct(std::string text, Moment moment) {
  tell(std::move(text), "system");
  collect(moment);
}

void RealtimeDialogue::say_goodbye(std::string words, std::string reason, Moment moment) {
  queue_.want({Kind::farewell, std::move(words), std::move(reason)}, moment.now);
  collect(moment);
}

void RealtimeDialogue::play(std::string /*pcm_24khz*/, Moment /*moment*/) {
  effects_.emplace_back(Note{"play.refused", {{"note", "the Realtime API plays no fixtures"}}});
}

void RealtimeDialogue::collect(Moment moment) {
  for (FoundMessage& found : repair_.take_messages()) {
    transcript_.on_found(
        found.item_id,
        {std::move(found.who), std::move(found.text), moment.at_ms, found.interrupted}, found.next);
  }
  for (const openai::ConversationItem& call : repair_.take_unanswered()) {
    calls_.on_unanswered(call, moment.now);
  }
  for (std::string& event : repair_.take_events()) {
    send(std::move(event));
  }
  if (const auto went_on = repair_.take_model_went_on()) {
    queue_.on_repaired(*went_on, moment.now);
  }
  for (FunctionAction& action : calls_.take_actions()) {
    obey(std::move(action), moment);
  }
  if (auto entry = keypad_.take_entry()) {
    tell(keypad_message(*entry), "user");
    queue_.want({}, moment.now);
  }
  for (ServerTools::Step& step : server_tools_.take_steps()) {
    effects_.emplace_back(Note{std::move(step.name), std::move(step.detail)});
  }
  for (std::string& event : server_tools_.take_events()) {
    send(std::move(event));
  }
  if (server_tools_.take_response_wanted()) {
    queue_.want({}, moment.now);
  }
  for (const CallLimiter::Step step : limiter_.take_steps()) {
    obey(step, moment);
  }
  for (std::string& event : queue_.take_events()) {
    send(std::move(event));
  }
  if (auto reason = queue_.take_hang_up()) {
    effects_.emplace_back(HangUp{std::move(*reason)});
  }
}

void RealtimeDialogue::obey(FunctionAction action, Moment moment) {
  if (auto* const start = std::get_if<StartTool>(&action)) {
    effects_.emplace_back(std::move(*start));
  } else if (auto* const filler = std::get_if<SayFiller>(&action)) {
    queue_.want({Kind::filler, std::move(filler->words), std::move(filler->function_call_id)},
                moment.now);
  } else if (auto* const end = std::get_if<EndCall>(&action)) {
    if (end->said_something) {
      queue_.hang_up_after(std::move(end->response_id), std::move(end->reason), moment.now);
    } else {
      queue_.want({Kind::farewell, std::string{short_goodbye}, std::move(end->reason)}, moment.now);
    }
  } else if (auto* const answer = std::get_if<AnswerCalls>(&action)) {
    give(std::move(*answer), moment);
  }
}

void RealtimeDialogue::give(AnswerCalls answer, Moment moment) {
  bool known_to_be_new = false;
  for (AnswerCalls::Output& output : answer.outputs) {
    std::string event = output_event(output);
    send(event);
    // An earlier process may have sent it, and the model has gone on then.
    const bool perhaps_there = adopted_.erase(output.function_call_id) > 0;
    known_to_be_new = known_to_be_new || !perhaps_there;
    const bool last = &output == &answer.outputs.back();
    unconfirmed_.push_back({std::move(output.function_call_id), std::move(output.item_id),
                            std::move(event), answer.respond && perhaps_there,
                            answer.respond && last});
  }
  if (answer.respond && known_to_be_new) {
    queue_.want({}, moment.now);
  }
}

void RealtimeDialogue::obey(CallLimiter::Step step, Moment moment) {
  switch (step) {
    case CallLimiter::Step::goodbye:
      effects_.emplace_back(Note{"limit", {{"note", limiter_.reason()}}});
      queue_.want({Kind::farewell, limiter_.limits().goodbye, limiter_.reason()}, moment.now);
      break;
    case CallLimiter::Step::insist: queue_.make_way(moment.now); break;
    case CallLimiter::Step::hang_up: effects_.emplace_back(HangUp{limiter_.reason()}); break;
  }
}

void RealtimeDialogue::send(std::string event, bool survives_gap) {
  effects_.emplace_back(SendEvent{std::move(event), survives_gap});
}

void RealtimeDialogue::tell(std::string text, std::string_view role) {
  send(message_event(text, role), true);
}

std::vector<Effect> RealtimeDialogue::take_effects() { return std::exchange(effects_, {}); }

std::unique_ptr<Dialogue> make_realtime_dialogue(const AgentProfile& profile,
                                                 DialogueOptions options) {
  return std::make_unique<RealtimeDialogue>(profile, std::move(options));
}

}  // namespace offhook::agent
