#include "agent/dialogue/function_calls.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "agent/tools/arguments.hpp"
#include "base/json.hpp"
#include "base/printable.hpp"

namespace offhook::agent {
namespace {

namespace json = boost::json;
using openai::ConversationItem;
using Kind = ToolConfig::Kind;

constexpr std::size_t most_remembered = 256;
constexpr std::size_t longest_item_id = 32;
constexpr std::size_t longest_name = 64;
constexpr std::string_view output_prefix = "out_";

/// FNV-1a: no secret depends on it, only that equal ids stay equal.
std::uint64_t hash(std::string_view text, std::uint64_t value) {
  for (const char c : text) {
    value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return value;
}

std::string hex(std::uint64_t value, int digits) {
  constexpr std::string_view alphabet = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < digits; ++i, value >>= 4U) {
    text += alphabet[value & 15U];
  }
  return text;
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
  });
}

}  // namespace

std::string output_item_id(std::string_view function_call_id) {
  if (function_call_id.size() + output_prefix.size() <= longest_item_id &&
      is_plain(function_call_id)) {
    return std::string{output_prefix} + std::string{function_call_id};
  }
  return std::string{output_prefix} + hex(hash(function_call_id, 0xcbf29ce484222325ULL), 16) +
         hex(hash(function_call_id, 0x84222325cbf29ce4ULL), 12);
}

std::string error_output(std::string_view text) {
  return json::serialize(json::object{{"error", text}});
}

ConversationItem as_item(const ToolCall& call) {
  return {.type = "function_call",
          .call_id = call.function_call_id,
          .name = call.name,
          .arguments = json::serialize(call.arguments)};
}

FunctionCalls::FunctionCalls(std::string call_id, const std::vector<ToolConfig>& tools)
    : call_id_{std::move(call_id)}, tools_{tools} {}

void FunctionCalls::on_response(std::string_view response_id,
                                std::span<const ConversationItem> output,
                                Time now) {
  Batch batch;
  const std::size_t first_action = actions_.size();
  for (const ConversationItem& item : output) {
    static_cast<void>(add(batch, item, response_id, now));
  }
  for (std::size_t i = first_action; i < actions_.size(); ++i) {
    if (auto* const end = std::get_if<EndCall>(&actions_[i])) {
      end->said_something =
          std::ranges::find(output, "message", &ConversationItem::type) != output.end();
    }
  }
  if (!batch.calls.empty()) {
    batches_.push_back(std::move(batch));
    answer_complete_batches();
  }
}

void FunctionCalls::on_unanswered(const ConversationItem& item, Time now) {
  Batch batch;
  if (add(batch, item, {}, now)) {
    batches_.push_back(std::move(batch));
    answer_complete_batches();
  }
}

bool FunctionCalls::add(Batch& batch,
                        const ConversationItem& item,
                        std::string_view response_id,
                        Time now) {
  const std::string& id = item.call_id;
  if (item.type != "function_call" || id.empty() || seen(id) || item.status == "incomplete") {
    return false;
  }
  remember(id);
  Running running{id, output_item_id(id), {}};
  const ToolConfig* tool = find(item.name);
  if (tool != nullptr && tool->kind == Kind::hang_up) {
    const auto arguments = parse_arguments(*tool, item.arguments);
    std::string reason = "the model hung up";
    if (arguments) {
      const json::value body = *arguments;
      const std::string_view why = json_string(body, "reason");
      reason += why.empty() ? "" : ": " + printable(why, 200);
    }
    actions_.emplace_back(EndCall{std::move(reason), std::string{response_id}});
    running.output = R"({"status":"the call ends once your farewell has been heard"})";
  } else {
    batch.respond = true;
    start(running, item, now);
  }
  batch.calls.push_back(std::move(running));
  return true;
}

void FunctionCalls::start(Running& running, const ConversationItem& item, Time now) {
  const ToolConfig* tool = find(item.name);
  if (tool == nullptr) {
    running.output = error_output("there is no tool named " + printable(item.name, longest_name));
    return;
  }
  auto arguments = parse_arguments(*tool, item.arguments);
  if (!arguments) {
    running.output = error_output(arguments.error().detail);
    return;
  }
  StartTool action;
  action.call = {call_id_, running.function_call_id, tool->name, std::move(*arguments),
                 call_id_ + ":" + running.function_call_id};
  action.config = tool;
  actions_.emplace_back(std::move(action));
  if (tool->filler.after.count() > 0 && !tool->filler.say.empty()) {
    running.filler = &tool->filler;
    running.filler_at = now + tool->filler.after;
  }
}

void FunctionCalls::finished(std::string_view function_call_id, std::string output, Time /*now*/) {
  for (Batch& batch : batches_) {
    for (Running& running : batch.calls) {
      if (running.function_call_id == function_call_id && !running.output) {
        running.output = std::move(output);
        running.filler_at = Time::max();
        answer_complete_batches();
        return;
      }
    }
  }
}

void FunctionCalls::on_time(Time now) {
  for (Batch& batch : batches_) {
    for (Running& running : batch.calls) {
      if (now >= running.filler_at) {
        running.filler_at = Time::max();
        actions_.emplace_back(SayFiller{running.function_call_id, running.filler->say});
      }
    }
  }
}

std::optional<FunctionCalls::Time> FunctionCalls::deadline() const {
  Time first = Time::max();
  for (const Batch& batch : batches_) {
    for (const Running& running : batch.calls) {
      first = std::min(first, running.filler_at);
    }
  }
  return first == Time::max() ? std::nullopt : std::optional{first};
}

void FunctionCalls::answer_complete_batches() {
  std::erase_if(batches_, [this](Batch& batch) {
    const bool complete = std::ranges::all_of(
        batch.calls, [](const Running& running) { return running.output.has_value(); });
    if (complete) {
      AnswerCalls answer;
      answer.respond = batch.respond;
      for (Running& running : batch.calls) {
        answer.outputs.push_back(
            {running.function_call_id, std::move(running.item_id), std::move(*running.output)});
      }
      actions_.emplace_back(std::move(answer));
    }
    return complete;
  });
}

bool FunctionCalls::seen(std::string_view function_call_id) const {
  return std::ranges::find(seen_, function_call_id) != seen_.end();
}

void FunctionCalls::remember(std::string_view function_call_id) {
  seen_.emplace_back(function_call_id);
  if (seen_.size() > most_remembered) {
    seen_.pop_front();
  }
}

const ToolConfig* FunctionCalls::find(std::string_view name) const {
  const auto found = std::ranges::find(tools_, name, &ToolConfig::name);
  return found == tools_.end() ? nullptr : &*found;
}

}  // namespace offhook::agent
