#include "sim/persona.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <boost/json/serialize.hpp>

#include "base/json.hpp"
#include "sim/persona_task.hpp"

namespace offhook::sim {
namespace {

constexpr std::size_t most_heard = 2'000;

/// For a caller whose words are not known.
constexpr std::array<std::string_view, 5> default_replies{
    "Sure, I can help you with that.",
    "Good question. Let me think about it for a moment. Yes, that should work.",
    "I see. Is there anything else you would like to know?",
    "No problem at all. I have made a note of it.",
    "You are welcome. Thank you for calling, and have a nice day."};

std::string replaced(std::string text, std::string_view mark, std::string_view by) {
  if (const auto at = text.find(mark); at != std::string::npos) {
    text.replace(at, mark.size(), by);
  }
  return text;
}

std::string joined(std::string first, std::string_view second) {
  if (!first.empty()) {
    first += ' ';
  }
  return first.append(second);
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n:";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// The inside of the quotation that `text` begins with, or empty.
std::string_view quoted(std::string_view text) {
  struct Quotes {
    std::string_view open;
    std::string_view close;
  };
  constexpr std::array<Quotes, 3> styles{{{"\"", "\""}, {"“", "”"}, {"'", "'"}}};
  for (const auto& style : styles) {
    if (text.substr(0, style.open.size()) != style.open) {
      continue;
    }
    text.remove_prefix(style.open.size());
    // The last single quote, because an apostrophe looks like the closing one.
    const auto end = style.open == "'" ? text.rfind(style.close) : text.find(style.close);
    return end == std::string_view::npos ? std::string_view{} : text.substr(0, end);
  }
  return {};
}

Reply as_reply(const std::string& line) {
  constexpr std::string_view mark = "call:";
  if (line.compare(0, mark.size(), mark) != 0) {
    return Say{line};
  }
  const std::string_view call = trim(std::string_view{line}.substr(mark.size()));
  const auto space = call.find(' ');
  CallFunction function{std::string{call.substr(0, space)}, "{}"};
  if (space != std::string_view::npos) {
    function.arguments = std::string{trim(call.substr(space))};
  }
  return function;
}

CallFunction forced_call(const Prompt& prompt) {
  const boost::json::object* const tool = tool_named(prompt.tools, prompt.must_call);
  const auto arguments = tool != nullptr ? arguments_from(*tool, prompt.heard) : std::nullopt;
  return {prompt.must_call, arguments ? boost::json::serialize(*arguments) : "{}"};
}

/// Whether instructions are `Say "…"` and no more.
bool only_dictate(std::string_view instructions) {
  std::string_view rest = trim(instructions);
  if (lower(rest.substr(0, 3)) != "say") {
    return false;
  }
  rest = trim(rest.substr(3));
  const std::string_view text = quoted(rest);
  if (text.empty()) {
    return false;
  }
  const auto behind = static_cast<std::size_t>(text.data() - rest.data()) + text.size();
  return rest.find_first_not_of(" \t\r\n.\"'”", behind) == std::string_view::npos;
}

/// Words, calls, or words and then calls.
Reply as_reply(RuleReply found, std::string first) {
  std::vector<CallFunction> calls;
  for (const RuleReply::Call& call : found.calls) {
    calls.push_back({call.name, boost::json::serialize(call.arguments)});
  }
  if (!found.say.empty()) {
    return Say{joined(std::move(first), found.say), std::move(calls)};
  }
  CallFunction function = std::move(calls.front());
  function.also.assign(calls.begin() + 1, calls.end());
  return function;
}

}  // namespace

ReplyPart whole(Reply reply) {
  ReplyPart part;
  if (auto* const say = std::get_if<Say>(&reply)) {
    part.words = std::move(say->text);
    part.calls = std::move(say->also);
    return part;
  }
  auto& call = std::get<CallFunction>(reply);
  part.calls = std::exchange(call.also, {});
  part.calls.insert(part.calls.begin(), std::move(call));
  return part;
}

std::string dictated_text(std::string_view instructions) {
  const std::string lowered = lower(instructions);
  for (std::string_view verb : {"say", "saying"}) {
    for (auto at = lowered.find(verb); at != std::string::npos; at = lowered.find(verb, at + 1)) {
      const std::string_view rest = trim(instructions.substr(at + verb.size()));
      if (const auto text = quoted(rest); !text.empty()) {
        return std::string{text};
      }
    }
  }
  const std::string_view whole = trim(instructions);
  if (lower(whole.substr(0, 4)) == "say " || lower(whole.substr(0, 4)) == "say:") {
    return std::string{trim(whole.substr(4))};
  }
  return {};
}

Persona::Persona(std::vector<std::string> replies)
    : Persona{default_persona(), std::move(replies)} {}

Persona::Persona(PersonaScript script, std::vector<std::string> replies)
    : script_{std::move(script)}, replies_{std::move(replies)} {}

Reply Persona::reply(std::string_view instructions, bool caller_spoke) {
  Prompt prompt;
  prompt.instructions = instructions;
  prompt.caller_spoke = caller_spoke;
  return reply(prompt);
}

Reply Persona::reply(const Prompt& whole) {
  Prompt prompt = whole;  // std::regex recurses for every character that a pattern repeats
  prompt.heard.resize(std::min(prompt.heard.size(), most_heard));
  if (const std::string text = dictated_text(prompt.instructions); !text.empty()) {
    greeted_ = true;
    return as_reply(text);
  }
  if (!prompt.must_call.empty()) {
    return forced_call(prompt);
  }
  if (greets(prompt)) {
    return greet(prompt);
  }
  if (!replies_.empty()) {
    return next_reply();
  }
  if (!prompt.tool_output.empty()) {
    return Say{tell_outputs(prompt)};
  }
  if (prompt.heard.empty() || prompt.heard == unknown_words) {
    return next_reply();
  }
  if (auto reply = prompt.may_call ? follow_task(prompt) : std::nullopt) {
    return *std::move(reply);
  }
  std::string first = prompt.interrupted ? script_.interrupted : "";
  if (auto found = apply_rules(script_, prompt.heard)) {
    if (!prompt.may_call) {
      found->calls.clear();
    }
    if (!found->say.empty() || !found->calls.empty()) {
      return as_reply(std::move(*found), std::move(first));
    }
  }
  return Say{joined(std::move(first), reply_otherwise(script_, prompt.heard))};
}

bool Persona::greets(const Prompt& prompt) const {
  return !prompt.caller_spoke && prompt.tool_output.empty() && !greeted_;
}

bool Persona::dictated(const Prompt& prompt) const {
  return only_dictate(prompt.instructions) || (prompt.instructions.empty() && greets(prompt) &&
                                               only_dictate(prompt.session_instructions));
}

std::string Persona::tell_outputs(const Prompt& prompt) const {
  std::string text;
  for (const std::string& output : prompt.earlier_outputs) {
    text = joined(std::move(text), script_.after_call.empty() ? in_words(output) : output);
  }
  if (script_.after_call.empty()) {
    return joined(std::move(text), in_words(prompt.tool_output));
  }
  return replaced(script_.after_call, "$output", joined(std::move(text), prompt.tool_output));
}

Reply Persona::greet(const Prompt& prompt) {
  greeted_ = true;
  if (const std::string text = dictated_text(prompt.session_instructions); !text.empty()) {
    return as_reply(text);
  }
  if (const auto task = task_in(prompt.session_instructions)) {
    return Say{"Hello. Please tell me " + task->wanted + '.'};
  }
  return Say{script_.greeting};
}

/// Calls what the instructions name, or what the caller's words touch.
std::optional<Reply> Persona::follow_task(const Prompt& prompt) {
  const auto task = task_in(prompt.session_instructions);
  const bool wanted = task && !task_done_;
  const boost::json::object* const tool =
      wanted ? tool_named(prompt.tools, task->function) : tool_meant(prompt.tools, prompt.heard);
  if (tool == nullptr) {
    return std::nullopt;
  }
  auto arguments = arguments_from(*tool, prompt.heard);
  if (!arguments) {
    return Reply{Say{"Please tell me " + (wanted ? task->wanted : "the number") + '.'}};
  }
  task_done_ = task_done_ || wanted;
  return Reply{
      CallFunction{std::string{json_string(*tool, "name")}, boost::json::serialize(*arguments)}};
}

Reply Persona::next_reply() {
  if (replies_.empty()) {
    return as_reply(std::string{default_replies[replied_++ % default_replies.size()]});
  }
  return as_reply(replies_[replied_++ % replies_.size()]);
}

}  // namespace offhook::sim
