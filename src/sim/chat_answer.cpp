#include "sim/chat_answer.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "audio/speech.hpp"
#include "base/json.hpp"
#include "base/printable.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

constexpr std::string_view blanks = " \t\r\n";
constexpr std::size_t longest_quoted_error = 200;
constexpr std::int64_t most_calls_in_answer = 32;

const json::value* first_choice(const json::value& answer) {
  const json::value* const choices = json_at(answer, "choices");
  return choices != nullptr && choices->is_array() && !choices->get_array().empty()
             ? &choices->get_array().front()
             : nullptr;
}

std::string problem_of(const json::value& answer) {
  return printable(std::string{json_string(answer, "error.message", "it has no choices")},
                   longest_quoted_error);
}

}  // namespace

std::string ChatAnswer::feed(std::string_view piece) {
  if (!is_json_) {
    const auto first = piece.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
      return {};
    }
    is_json_ = piece[first] == '{';
  }
  if (*is_json_) {
    body_ += piece;
    return {};
  }
  for (const std::string& data : events_.feed(piece)) {
    take_event(data);
  }
  return take_sentences();
}

/// Words are whole where the next begin, and where calls do.
std::string ChatAnswer::take_sentences() {
  const auto size = calls_.empty() ? audio::whole_sentences(words_) : words_.size();
  std::string whole = words_.substr(0, size);
  words_.erase(0, size);
  if (whole.find_first_not_of(blanks) == std::string::npos) {
    words_.insert(0, whole);
    return {};
  }
  returned_words_ = true;
  return whole;
}

void ChatAnswer::take_event(std::string_view data) {
  if (complete_) {
    return;
  }
  const auto event = parse_json(data);
  if (!event) {
    complete_ = data.substr(0, 6) == "[DONE]";
    return;
  }
  if (const json::value* const choice = first_choice(*event)) {
    if (const json::value* const delta = json_at(*choice, "delta")) {
      add(*delta);
    }
    complete_ = !json_string(*choice, "finish_reason").empty();
  } else if (json_at(*event, "error") != nullptr) {
    problem_ = problem_of(*event);
    complete_ = true;
  }
}

/// Takes a message, or a delta of one.
void ChatAnswer::add(const json::value& part) {
  words_ += json_string(part, "content");
  const json::value* const calls = json_at(part, "tool_calls");
  if (calls == nullptr || !calls->is_array()) {
    return;
  }
  std::int64_t place = 0;
  for (const json::value& call : calls->get_array()) {
    const std::int64_t index = json_int(call, "index").value_or(place++);
    if (index < 0 || index >= most_calls_in_answer) {
      continue;
    }
    calls_.resize(std::max(calls_.size(), static_cast<std::size_t>(index) + 1));
    CallFunction& function = calls_[static_cast<std::size_t>(index)];
    function.name += json_string(call, "function.name");
    function.arguments += json_string(call, "function.arguments");
  }
}

void ChatAnswer::take_json() {
  const auto answer = parse_json(body_);
  if (!answer) {
    problem_ = "the answer is not JSON";
    return;
  }
  const json::value* const choice = first_choice(*answer);
  const json::value* const message = choice != nullptr ? json_at(*choice, "message") : nullptr;
  if (message == nullptr) {
    problem_ = problem_of(*answer);
  } else {
    add(*message);
  }
}

Result<ReplyPart> ChatAnswer::finish() {
  if (is_json_.value_or(false)) {
    take_json();
  } else if (const auto rest = events_.finish()) {
    take_event(*rest);
  }
  complete_ = true;
  if (!problem_.empty()) {
    return fail(Errc::malformed_message, problem_);
  }
  std::erase_if(calls_, [](const CallFunction& call) { return call.name.empty(); });
  const bool has_words = words_.find_first_not_of(blanks) != std::string::npos;
  if (!has_words && !returned_words_ && calls_.empty()) {
    return fail(Errc::malformed_message, "the answer has neither words nor calls");
  }
  return ReplyPart{has_words ? std::move(words_) : std::string{}, std::move(calls_)};
}

}  // namespace offhook::sim
