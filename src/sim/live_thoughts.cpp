// What a Live session does with a chat model.
#include <utility>

#include "sim/live_session.hpp"

namespace offhook::sim {

/// Asks what to say now; an earlier question is out of date.
void LiveSession::think() {
  end_begun(thinking_);
  stop_thinking();
  thinking_ = out_.ids().realtime("utt_");
  out_.act(Think{thinking_, talk_->request(config_)});
}

/// What of an answer is said already is all of it.
void LiveSession::end_begun(const std::string& id) {
  if (find_utterance(id) != nullptr) {
    say(id, {}, true);
  }
}

void LiveSession::stop_thinking() {
  if (!thinking_.empty()) {
    out_.act(StopThinking{std::exchange(thinking_, {})});
  }
}

void LiveSession::on_thought(const std::string& id, Result<ReplyPart> part, Time now) {
  set_time(now);
  const bool of_work = id == working_;
  if (closed_ || id.empty() || (!of_work && id != thinking_)) {
    return;
  }
  if (!part) {
    part = ReplyPart{std::string{find_utterance(id) != nullptr ? " " : ""}.append(no_thought)};
  }
  if (part->last) {
    (of_work ? working_ : thinking_).clear();
  }
  const bool wanted = !of_work || !work_cut_short_;
  const bool begun = find_utterance(id) != nullptr;
  if (wanted && (begun || !part->words.empty())) {
    acknowledge_at_.reset();
    say(id, part->words, part->last);
  }
  if (of_work) {
    work_words_ += part->words;
  }
  if (!part->last) {
    return;
  }
  if (of_work) {
    end_work(*std::move(part));
  } else if (!part->calls.empty()) {
    const bool speaks = begun || !part->words.empty();
    delegate(part->calls);
    if (speaks) {
      acknowledge_at_.reset();  // it did so in its own words
    }
  }
}

/// Context that asks for words is a question; other context waits for the next one.
void LiveSession::think_of_context(std::string_view kind,
                                   const std::string& content,
                                   const std::string& delegation_id) {
  Prompt dictation;
  dictation.instructions = content;
  if (kind != "thinking" && persona_.dictated(dictation)) {
    say(dictated_text(content));
    return;
  }
  const auto work = delegations_.find(delegation_id);
  if (work != delegations_.end() && kind != "thinking") {
    talk_->came_back(work->second, content);
    think();
    return;
  }
  talk_->told(kind == "commentary" ? "Tell the caller: " : "", content);
  const bool opening = !spoke_ && !was_heard_;
  const bool order = kind == "instructions" && (opening || !dictated_text(content).empty());
  if (kind == "commentary" || order) {
    think();
  }
}

/// The Responses model goes on, although the caller may speak meanwhile.
void LiveSession::think_of_work(const LiveBackend::Material& material) {
  for (const auto& [call, output] : material.outputs) {
    talk_->came_back(call, output);
  }
  if (!material.message.empty()) {
    talk_->told("", material.message);
  }
  if (!working_.empty()) {
    end_begun(working_);
    out_.act(StopThinking{working_});
  }
  work_words_.clear();
  work_cut_short_ = false;
  working_ = out_.ids().realtime("utt_");
  out_.act(Think{working_, talk_->request(config_)});
}

void LiveSession::end_work(ReplyPart part) {
  if (part.calls.empty()) {
    backend_.answer_with(std::exchange(work_words_, {}), config_.backend(), out_);
    return;
  }
  const auto calls = named(part.calls);
  backend_.call(calls, config_.backend(), out_);
  say_refusal(calls);
}

}  // namespace offhook::sim
