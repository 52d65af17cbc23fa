#include "agent/transcript.hpp"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

namespace offhook::agent {

namespace {

constexpr std::int64_t longest_pause_ms = 1'500;
/// Utterances that are kept although they never got a text, so that late words find their place.
constexpr std::size_t spare_utterances = 16;
/// Between a line that was found and the one that it is known to be before.
constexpr double just_before_ms = 0.001;
/// No item has such an id.
constexpr std::string_view id_of_gaps = "(gap)";

std::string words_for(const SidebandGap& gap) {
  constexpr std::string_view so_what = ": words may be missing";
  if (!gap.lasted_ms) {
    return "taken over from an earlier process" + std::string{so_what};
  }
  return fmt::format("{:.1f} s without the sideband{}", *gap.lasted_ms / 1'000, so_what);
}

}  // namespace

boost::json::object to_json(const TranscriptLine& line) {
  boost::json::object json{{"who", line.who},
                           {"text", line.text},
                           {"at_ms", line.at_ms},
                           {"interrupted", line.interrupted}};
  if (line.gap_ms) {
    json["gap_ms"] = *line.gap_ms;
  }
  return json;
}

void Transcript::on_event(const openai::RealtimeEvent& event, double at_ms) {
  if (const auto* const speech = std::get_if<openai::RealtimeSpeech>(&event)) {
    if (speech->started) {
      utterance(speech->item_id, "caller", at_ms);
    }
  } else if (const auto* const caller = std::get_if<openai::RealtimeCallerWords>(&event)) {
    if (caller->transcript) {
      Utterance& said = utterance(caller->item_id, "caller", at_ms);
      said.line.text = *caller->transcript;
      finish(said, false);
    }
  } else if (const auto* const words = std::get_if<openai::RealtimeModelWords>(&event)) {
    on_model_words(*words, at_ms);
  } else if (const auto* const playback = std::get_if<openai::RealtimePlayback>(&event)) {
    if (playback->step == openai::RealtimePlayback::Step::cleared) {
      cleared_response_ = playback->response_id;
    }
  } else if (const auto* const response = std::get_if<openai::RealtimeResponse>(&event)) {
    finish_unheard(*response, at_ms);
  } else if (const auto* const truncated = std::get_if<openai::RealtimeTruncated>(&event)) {
    utterance(truncated->item_id, "model", at_ms).line.interrupted = true;
  }
}

void Transcript::on_model_words(const openai::RealtimeModelWords& words, double at_ms) {
  using Step = openai::RealtimeModelWords::Step;
  Utterance& said = utterance(words.item_id, "model", at_ms);
  if (words.step == Step::delta) {
    said.line.text += words.text.value_or(std::string{});
    return;
  }
  said.line.text = words.text.value_or(said.line.text);
  finish(said, words.step == Step::spoken && !words.response_id.empty() &&
                   words.response_id == cleared_response_);
}

std::vector<TranscriptLine> Transcript::lines() const {
  std::vector<TranscriptLine> lines;
  for (const Utterance& said : utterances_) {
    if (said.finished) {
      lines.push_back(said.line);
    }
  }
  std::ranges::stable_sort(lines, {}, &TranscriptLine::at_ms);
  return lines;
}

std::vector<TranscriptLine> Transcript::lines_so_far() const {
  std::vector<TranscriptLine> all = lines();
  std::erase_if(all, [](const TranscriptLine& line) { return line.who == gap_line; });
  for (const std::optional<Running>* running : {&caller_, &model_}) {
    if (*running) {
      all.push_back((*running)->line);
      std::string& text = all.back().text;
      text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
    }
  }
  std::ranges::stable_sort(all, {}, &TranscriptLine::at_ms);
  return all;
}

Transcript::Utterance& Transcript::utterance(std::string_view item_id,
                                             std::string_view who,
                                             double at_ms) {
  const auto found = std::ranges::find(utterances_, item_id, &Utterance::item_id);
  if (found != utterances_.end()) {
    return *found;
  }
  forget_old();
  return utterances_.emplace_back(
      Utterance{std::string{item_id}, TranscriptLine{std::string{who}, {}, at_ms, false}, false});
}

void Transcript::finish(Utterance& said, bool interrupted) {
  if (said.finished || said.line.text.empty()) {
    return;
  }
  said.finished = true;
  said.line.interrupted = said.line.interrupted || interrupted;
  if (on_line_) {
    on_line_(said.line);
  }
}

void Transcript::forget_old() {
  if (lines_kept_ > 0 && utterances_.size() > lines_kept_ + spare_utterances) {
    utterances_.erase(utterances_.begin(),
                      utterances_.begin() + static_cast<std::ptrdiff_t>(spare_utterances));
  }
}

void Transcript::on_delta(const openai::LiveTranscriptDelta& delta, double at_ms) {
  const double began = at_ms - static_cast<double>(delta.end_ms);
  session_began_ms_ = std::min(session_began_ms_.value_or(began), began);
  std::optional<Running>& running = delta.caller ? caller_ : model_;
  const std::optional<Running>& other = delta.caller ? model_ : caller_;
  const bool answered = running && other && other->end_ms > running->end_ms + longest_pause_ms / 3;
  if (running && (answered || delta.start_ms > running->end_ms + longest_pause_ms)) {
    end_running(running);
  }
  if (!running) {
    const double begin = *session_began_ms_ + static_cast<double>(delta.start_ms);
    running = Running{{delta.caller ? "caller" : "model", {}, begin, false}};
  }
  running->line.text += delta.text;
  running->end_ms = std::max(running->end_ms, delta.end_ms);
  running->heard_at_ms = at_ms;
}

void Transcript::on_found(std::string_view item_id, TranscriptLine line, std::string_view next) {
  const auto after = std::ranges::find(utterances_, next, &Utterance::item_id);
  if (!next.empty() && after != utterances_.end()) {
    line.at_ms = std::min(line.at_ms, after->line.at_ms - just_before_ms);
  }
  Utterance& said = utterance(item_id, line.who, line.at_ms);
  if (!said.finished) {
    said.line.text = std::move(line.text);
    finish(said, line.interrupted);
  }
}

void Transcript::on_gap(const SidebandGap& gap) {
  keep(std::string{id_of_gaps},
       {std::string{gap_line}, words_for(gap), gap.from_ms, false, gap.lasted_ms});
}

void Transcript::end_pauses(double at_ms) {
  for (std::optional<Running>* running : {&caller_, &model_}) {
    if (*running && at_ms > (*running)->heard_at_ms + longest_pause_ms) {
      end_running(*running);
    }
  }
}

void Transcript::end_all() {
  const bool caller_first = caller_ && (!model_ || caller_->line.at_ms <= model_->line.at_ms);
  end_running(caller_first ? caller_ : model_);
  end_running(caller_first ? model_ : caller_);
}

void Transcript::end_running(std::optional<Running>& running) {
  if (!running) {
    return;
  }
  TranscriptLine line = std::move(running->line);
  running.reset();
  const auto first = line.text.find_first_not_of(' ');
  line.text.erase(0, std::min(first, line.text.size()));
  if (line.text.empty()) {
    return;
  }
  keep({}, std::move(line));
}

void Transcript::keep(std::string item_id, TranscriptLine line) {
  if (on_line_) {
    on_line_(line);
  }
  utterances_.push_back({std::move(item_id), std::move(line), true});
  forget_old();
}

// An interrupted response has no `.done` for its transcript, and a gap may have hidden that one.
void Transcript::finish_unheard(const openai::RealtimeResponse& response, double at_ms) {
  if (!response.done || !response.output) {
    return;
  }
  const bool completed = response.status == "completed";
  for (const openai::ConversationItem& item : *response.output) {
    const bool heard_of =
        std::ranges::find(utterances_, item.id, &Utterance::item_id) != utterances_.end();
    if (!heard_of && (!response.in_conversation || item.type != "message")) {
      continue;
    }
    Utterance& said = utterance(item.id, "model", at_ms);
    if (!said.finished && !item.words.empty() && (completed || said.line.text.empty())) {
      said.line.text = item.words;
    }
    finish(said, !completed);
  }
}

}  // namespace offhook::agent
