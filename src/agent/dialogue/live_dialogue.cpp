#include "agent/dialogue/live_dialogue.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "agent/dialogue/usage_meter.hpp"
#include "base/json.hpp"

namespace offhook::agent {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using openai::LiveContext;

constexpr std::string_view delegate_tool = "delegate";
constexpr std::string_view nothing_to_tell = "(done, nothing to tell)";
constexpr std::size_t lines_for_delegate = 20;
/// 500 tokens at most; three bytes a token are few in every language.
constexpr std::size_t longest_append = 1'500;
constexpr std::size_t most_waiting = 64;
constexpr std::size_t most_keys = 64;
constexpr auto key_pace = 300ms;
constexpr auto key_pause = 1s;
constexpr auto pause_check = 1'600ms;
/// More than are told again after a drop.
constexpr std::size_t most_seen = 128;
constexpr std::string_view fixture_event = "offhook_fixture";

/// The first part of `text` that fits into one append, cut between words where there are any.
std::string_view first_part(std::string_view text) {
  if (text.size() <= longest_append) {
    return text;
  }
  const auto blank = text.rfind(' ', longest_append);
  std::size_t cut = blank == std::string_view::npos || blank == 0 ? longest_append : blank;
  while (cut > 1 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) {
    --cut;  // not within a character of UTF-8
  }
  return text.substr(0, cut);
}

}  // namespace

LiveDialogue::LiveDialogue(const AgentProfile& profile, DialogueOptions options)
    : profile_{profile},
      calls_{std::move(options.call_id), profile.tools},
      keypad_{profile.keypad},
      limiter_{profile.limits},
      transcript_{std::move(options.on_line),
                  options.lines_kept == 0 ? 0 : std::max(options.lines_kept, lines_for_delegate)},
      usage_{options.used},
      hold_sound_{std::move(options.hold_sound)},
      unanswered_{options.placed} {}

void LiveDialogue::begin(Moment moment, bool again) {
  if (again) {
    perhaps_unanswered_ = std::exchange(unanswered_, false);
  }
  if (!unanswered_) {
    limiter_.begin(moment.now);
  }
}

void LiveDialogue::answered(Moment moment) {
  if (std::exchange(unanswered_, false)) {
    effects_.emplace_back(Note{"answered", {}});
    limiter_.begin(moment.now);
    greet(moment);
  }
}

void LiveDialogue::greet(Moment moment) {
  if (!unanswered_ && !profile_.opening.empty()) {
    append(LiveContext::instructions, profile_.opening);
    collect(moment);
  }
}

void LiveDialogue::on_attached(bool gap, Moment moment) {
  if (gap) {
    end_fixture();                                    // as far as we shall hear
    limiter_.on_tokens(usage_.tokens(), moment.now);  // an earlier process may have used them up
  }
  collect(moment);
}

void LiveDialogue::on_detached(Moment moment) {
  turns_.on_gap();
  transcript_.end_all();
  collect(moment);
}

bool LiveDialogue::repeated(const openai::SidebandEvent& event) {
  const json::value* const id = event.body.if_contains("event_id");
  if (id == nullptr || !id->is_string()) {
    return false;
  }
  const std::size_t hash = std::hash<std::string_view>{}(std::string_view{id->get_string()});
  if (std::ranges::find(seen_, hash) != seen_.end()) {
    return true;
  }
  seen_.push_back(hash);
  if (seen_.size() > most_seen) {
    seen_.pop_front();
  }
  return false;
}

void LiveDialogue::on_event(const openai::SidebandEvent& event, Moment moment) {
  if (repeated(event)) {
    return;
  }
  const openai::LiveEvent live = openai::read_live_event(event.type, event.body);
  std::visit([&](const auto& what) { on(what, moment); }, live);
  collect(moment);
}

void LiveDialogue::on(const openai::LiveTranscriptDelta& delta, Moment moment) {
  transcript_.on_delta(delta, moment.at_ms);
  turns_.on_live_words(!delta.caller, moment.now);
  pause_check_ = moment.now + pause_check;
  if (!delta.caller) {
    farewell_.on_model_words(moment.now);
  } else if (turns_.had_gap()) {
    answered(moment);  // which was not heard: it may have fallen into the gap
  }
}

void LiveDialogue::on(const openai::LiveDelegation& delegation, Moment moment) {
  if (delegation.target != "client" || delegation.id.empty()) {
    turns_.on_live_thinking(true, moment.now);
    return;  // the model asks another one: its events follow
  }
  const bool can =
      std::ranges::find(profile_.tools, delegate_tool, &ToolConfig::name) != profile_.tools.end();
  if (!can) {
    append(LiveContext::commentary, "This cannot be looked up: no tool is connected.",
           delegation.id);
    return;
  }
  transcript_.end_pauses(moment.at_ms);
  json::array said;
  const std::vector<TranscriptLine> lines = transcript_.lines_so_far();
  const std::size_t from =
      lines.size() > lines_for_delegate ? lines.size() - lines_for_delegate : 0;
  for (std::size_t i = from; i < lines.size(); ++i) {
    said.push_back(json::object{{"who", lines[i].who}, {"text", lines[i].text}});
  }
  const json::object arguments{{"delegation_id", delegation.id}, {"conversation", said}};
  delegations_.push_back(delegation.id);
  calls_.on_unanswered({.type = "function_call",
                        .call_id = delegation.id,
                        .name = std::string{delegate_tool},
                        .arguments = json::serialize(arguments)},
                       moment.now);
}

void LiveDialogue::on(const openai::LiveResponseEvent& response, Moment moment) {
  const std::string_view type = json_string(response.event, "type");
  if (type == "response.created") {
    turns_.on_live_thinking(true, moment.now);
  } else if (type == "response.output_item.done") {
    const json::value* item = json_at(response.event, "item");
    if (item != nullptr && json_string(*item, "type") == "function_call") {
      collected_.push_back(openai::read_conversation_item(*item));
    }
  } else if (type == "response.completed" || type == "response.incomplete" ||
             type == "response.failed") {
    const auto calls = std::exchange(collected_, {});
    turns_.on_live_thinking(false, moment.now);
    add_responses_usage(usage_, response.event);
    limiter_.on_tokens(usage_.tokens(), moment.now);
    calls_.on_response(json_string(response.event, "response.id"), calls, moment.now);
  }
}

void LiveDialogue::on(const openai::LiveDigit& digit, Moment moment) {
  if (digit.received && digit.digit != '\0') {
    keypad_.on_digit(digit.digit, moment.now);
  }
}

void LiveDialogue::on(const openai::LiveTransport& transport, Moment moment) {
  using State = openai::LiveTransport::State;
  if (transport.state == State::failed) {
    const std::string why = transport.code + ": " + transport.message;
    effects_.emplace_back(Note{"transport.failed", {{"error", why}}});
    effects_.emplace_back(CallOver{why, true});
    return;
  }
  if (transport.state == State::answered && std::exchange(perhaps_unanswered_, false)) {
    unanswered_ = true;
  }
  if (transport.state == State::answered && unanswered_) {
    answered(moment);
    return;
  }
  effects_.emplace_back(Note{transport.state == State::ringing ? "ringing" : "answered", {}});
}

void LiveDialogue::on(const openai::LiveFixture& fixture, Moment /*moment*/) {
  if (fixture.over) {
    end_fixture();
  }
}

void LiveDialogue::on(const openai::LiveUsage& usage, Moment /*moment*/) {
  usage_.live_seconds = std::max(usage_.live_seconds, usage.seconds);
}

void LiveDialogue::on(const openai::LiveClosed& closed, Moment /*moment*/) {
  usage_.live_seconds = std::max(usage_.live_seconds, closed.seconds);
  transcript_.end_all();
  effects_.emplace_back(CallOver{closed.reason});
}

void LiveDialogue::on(const openai::LiveError& error, Moment /*moment*/) {
  if (error.client_event_id == fixture_event) {
    end_fixture();
  }
}

void LiveDialogue::on_time(Moment moment) {
  if (pause_check_ && moment.now >= *pause_check_) {
    pause_check_.reset();
    transcript_.end_pauses(moment.at_ms);
  }
  calls_.on_time(moment.now);
  keypad_.on_time(moment.now);
  limiter_.on_time(moment.now);
  farewell_.on_time(moment.now);
  press_due(moment);
  collect(moment);
}

std::optional<Dialogue::Time> LiveDialogue::deadline() const {
  std::optional<Time> first = calls_.deadline();
  earliest(first, keypad_.deadline());
  earliest(first, limiter_.deadline());
  earliest(first, farewell_.deadline());
  earliest(first, next_key_);
  earliest(first, pause_check_);
  return first;
}

void LiveDialogue::tool_finished(std::string function_call_id, std::string output, Moment moment) {
  calls_.finished(function_call_id, std::move(output), moment.now);
  collect(moment);
}

// A delegation does not outlive the process that was given it: the API would refuse its id.
void LiveDialogue::adopt(ToolCall call, Moment moment) {
  if (call.name == delegate_tool) {
    delegations_.push_back(call.function_call_id);
  }
  calls_.on_unanswered(as_item(call), moment.now);
  collect(moment);
}

void LiveDialogue::say(std::string words, Moment moment) {
  append(LiveContext::instructions, words);
  collect(moment);
}

void LiveDialogue::instruct(std::string text, Moment moment) {
  append(LiveContext::thinking, text);
  collect(moment);
}

void LiveDialogue::say_goodbye(std::string words, std::string reason, Moment moment) {
  if (!farewell_.begun()) {
    append(LiveContext::instructions, words);
    farewell_.begin(std::move(reason), moment.now);
  }
  collect(moment);
}

void LiveDialogue::play(std::string pcm_24khz, Moment moment) {
  play_fixture(pcm_24khz);
  collect(moment);
}

// Nothing can be appended while a fixture is played.
void LiveDialogue::play_fixture(std::string_view pcm_24khz) {
  send(openai::live_play_fixture(pcm_24khz, fixture_event));
  fixture_ = true;
}

void LiveDialogue::end_fixture() {
  fixture_ = false;
  for (SendEvent& event : std::exchange(after_fixture_, {})) {
    effects_.emplace_back(std::move(event));
  }
}

void LiveDialogue::collect(Moment moment) {
  for (FunctionAction& action : calls_.take_actions()) {
    obey(std::move(action), moment);
  }
  if (const auto entry = keypad_.take_entry()) {
    append(LiveContext::instructions, keypad_message(*entry) + ". Go on accordingly.");
  }
  for (const CallLimiter::Step step : limiter_.take_steps()) {
    if (step == CallLimiter::Step::goodbye) {
      effects_.emplace_back(Note{"limit", {{"note", limiter_.reason()}}});
      append(LiveContext::instructions, limiter_.limits().goodbye);
      farewell_.begin(limiter_.reason(), moment.now);
    } else if (step == CallLimiter::Step::hang_up) {
      effects_.emplace_back(HangUp{limiter_.reason()});
    }
  }
  if (auto reason = farewell_.take_hang_up()) {
    effects_.emplace_back(HangUp{std::move(*reason)});
  }
}

void LiveDialogue::obey(FunctionAction action, Moment moment) {
  if (auto* const start = std::get_if<StartTool>(&action)) {
    effects_.emplace_back(std::move(*start));
  } else if (auto* const filler = std::get_if<SayFiller>(&action)) {
    if (hold_sound_ && !fixture_) {
      play_fixture(*hold_sound_);
    } else {
      append(LiveContext::instructions, filler->words);
    }
  } else if (auto* const end = std::get_if<EndCall>(&action)) {
    append(LiveContext::instructions, short_goodbye);
    farewell_.begin(std::move(end->reason), moment.now);
  } else if (auto* const complete = std::get_if<AnswerCalls>(&action)) {
    answer(std::move(*complete));
  }
}

void LiveDialogue::answer(AnswerCalls answer) {
  bool of_responses = false;
  for (AnswerCalls::Output& output : answer.outputs) {
    const auto delegation = std::ranges::find(delegations_, output.function_call_id);
    if (delegation != delegations_.end()) {
      const std::string_view text = output.text.empty() ? nothing_to_tell : output.text;
      append(LiveContext::commentary, text, *delegation, output.function_call_id);
      delegations_.erase(delegation);
    } else {
      of_responses = true;
      send(openai::live_response_item({{"type", "function_call_output"},
                                       {"call_id", output.function_call_id},
                                       {"output", output.text}}),
           output.function_call_id);
    }
  }
  if (of_responses && answer.respond) {
    send(openai::live_response_create());
  }
}

bool LiveDialogue::press(const std::string& function_call_id,
                         std::string_view keys,
                         Moment moment) {
  const auto last = keys.find_last_not_of(',');
  if (last == std::string_view::npos || keys_.size() + keys.size() > most_keys) {
    return false;
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keys_.push_back(
        {keys[i] == ',' ? '\0' : keys[i], i == last ? function_call_id : std::string{}});
  }
  press_due(moment);
  return true;
}

void LiveDialogue::press_due(Moment moment) {
  if (keys_.empty() || (next_key_ && moment.now < *next_key_)) {
    return;
  }
  const KeyOut key = std::move(keys_.front());
  keys_.pop_front();
  if (key.digit != '\0') {
    effects_.emplace_back(SendEvent{openai::live_send_digit(key.digit), true, {}, key.last_of});
  }
  next_key_.reset();
  if (!keys_.empty()) {
    next_key_ = moment.now + (key.digit != '\0' ? key_pace : key_pause);
  }
}

/// @param output_of  Goes with the last part.
void LiveDialogue::append(LiveContext context,
                          std::string_view text,
                          std::string_view delegation,
                          std::string output_of) {
  while (!text.empty()) {
    const std::string_view part = first_part(text);
    SendEvent event{openai::live_append(context, part, delegation), true};
    text.remove_prefix(part.size());
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) {
      event.output_of = std::move(output_of);
    }
    if (!fixture_) {
      effects_.emplace_back(std::move(event));
    } else if (after_fixture_.size() < most_waiting || !event.output_of.empty()) {
      after_fixture_.push_back(std::move(event));
    }
  }
}

void LiveDialogue::send(std::string event, std::string output_of) {
  effects_.emplace_back(SendEvent{std::move(event), true, std::move(output_of)});
}

std::vector<Effect> LiveDialogue::take_effects() { return std::exchange(effects_, {}); }

std::unique_ptr<Dialogue> make_live_dialogue(const AgentProfile& profile, DialogueOptions options) {
  return std::make_unique<LiveDialogue>(profile, std::move(options));
}

}  // namespace offhook::agent
