#include "call/transcript.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace offhook::call {

namespace json = boost::json;

void Transcript::on_event(const openai::RealtimeEvent& event, double at_ms) {
  const json::value body = event.body;
  const std::string_view item_id = json_string(body, "item_id");
  if (event.type == "input_audio_buffer.speech_started") {
    utterance(item_id, "caller", at_ms);
  } else if (event.type == "conversation.item.input_audio_transcription.completed") {
    Utterance& said = utterance(item_id, "caller", at_ms);
    said.line.text = json_string(body, "transcript");
    finish(said, false);
  } else if (event.type == "response.output_audio_transcript.delta" ||
             event.type == "response.output_text.delta") {
    utterance(item_id, "model", at_ms).line.text += json_string(body, "delta");
  } else if (event.type == "response.output_audio_transcript.done") {
    Utterance& said = utterance(item_id, "model", at_ms);
    said.line.text = json_string(body, "transcript", said.line.text);
    finish(said, false);
  } else if (event.type == "response.output_text.done") {
    Utterance& said = utterance(item_id, "model", at_ms);
    said.line.text = json_string(body, "text", said.line.text);
    finish(said, false);
  } else if (event.type == "response.done") {
    finish_unheard(event);
  } else if (event.type == "conversation.item.truncated") {
    utterance(item_id, "model", at_ms).line.interrupted = true;  // not heard to its end
  }
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

Transcript::Utterance& Transcript::utterance(std::string_view item_id,
                                             std::string_view who,
                                             double at_ms) {
  const auto found = std::ranges::find(utterances_, item_id, &Utterance::item_id);
  if (found != utterances_.end()) {
    return *found;
  }
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

// An interrupted response has no `.done` for its transcript: what was said until then stands.
void Transcript::finish_unheard(const openai::RealtimeEvent& response_done) {
  const json::value body = response_done.body;
  const json::value* output = json_at(body, "response.output");
  if (output == nullptr || !output->is_array()) {
    return;
  }
  for (const json::value& item : output->get_array()) {
    const auto found = std::ranges::find(utterances_, json_string(item, "id"), &Utterance::item_id);
    if (found != utterances_.end()) {
      finish(*found, json_string(body, "response.status") != "completed");
    }
  }
}

}  // namespace offhook::call
