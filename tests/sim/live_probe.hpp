#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/json.hpp"
#include "conformance/type_book.hpp"
#include "sim/live_session.hpp"

namespace offhook::sim {

/// A `LiveSession` with a voice made of thin air: every word takes 300 ms, and is heard as time
/// passes. Every event is held against the types of OpenAI's SDK.
class LiveProbe {
 public:
  explicit LiveProbe(std::string_view session = R"({"model":"gpt-live-1"})",
                     std::vector<std::string> replies = {"One two.", "Three four five."},
                     bool brain = false)
      : session_{LiveConfig::from_body(boost::json::parse(session), false).value(),
                 options(std::move(replies), brain)} {}

  [[nodiscard]] LiveSession& session() noexcept { return session_; }

  void client(std::string_view text) {
    session_.on_client_event(text, now_);
    obey();
  }
  /// Lets the time pass in steps of 20 ms; what is to be heard is heard.
  void pass(std::chrono::milliseconds time) {
    for (const Time end = now_ + time; now_ < end;) {
      now_ += std::chrono::milliseconds{20};
      played_ms_ = std::min(played_ms_ + 20, playable_ms_);
      if (!speaking.empty() && played_ms_ > 0) {
        session_.on_playback(speaking, played_ms_, now_);
      }
      session_.on_time(now_);
      obey();
    }
  }
  /// The caller says something.
  void turn(int start_ms, int end_ms) {
    session_.on_speech_started(start_ms, now_);
    obey();
    session_.on_speech_stopped(end_ms, now_);
    obey();
  }
  /// The chat model answers what it was asked last.
  void think(const Result<ReplyPart>& part) {
    session_.on_thought(thoughts.back().response_id, part, now_);
    obey();
  }
  template <class Change>
  void change(Change what) {
    what(session_, now_);
    obey();
  }

  [[nodiscard]] std::vector<std::string> types() const {
    std::vector<std::string> types;
    for (const auto& event : events) {
      types.emplace_back(json_string(event, "type"));
    }
    return types;
  }
  /// The last event of a type, or an empty object.
  [[nodiscard]] boost::json::value last(std::string_view type) const {
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      if (json_string(*event, "type") == type) {
        return *event;
      }
    }
    return boost::json::object{};
  }
  [[nodiscard]] std::string transcript(std::string_view type) const {
    std::string text;
    for (const auto& event : events) {
      if (json_string(event, "type") == type) {
        text += json_string(event, "delta");
      }
    }
    return text;
  }
  /// "code param" of the last error.
  [[nodiscard]] std::string error() const {
    const auto event = last("error");
    return std::string{json_string(event, "error.code")} + ' ' +
           std::string{json_string(event, "error.param")};
  }

  std::vector<boost::json::value> events;
  std::vector<std::string> said;  ///< Texts given to the synthesiser.
  std::string speaking;           ///< The latest of what is heard.
  std::string digits;
  std::vector<Think> thoughts;        ///< What a chat model was asked.
  std::vector<std::string> given_up;  ///< Questions that were taken back.
  std::size_t fixture_samples = 0;
  int cleared = 0;
  bool ended = false;
  std::string heard = "hello there";  ///< What the recogniser finds.

 private:
  static LiveOptions options(std::vector<std::string> replies, bool brain) {
    LiveOptions options{Persona{std::move(replies)}, Ids{7}, "live_u1_1"};
    options.brain = brain;
    options.unix_now = 1'795'305'600;
    return options;
  }

  void obey() {
    for (auto actions = session_.take_actions(); !actions.empty();
         actions = session_.take_actions()) {
      for (const LiveAction& action : actions) {
        std::visit([this](const auto& what) { perform(what); }, action);
      }
    }
  }
  void perform(const SendEvent& action) {
    events.emplace_back(action.event);
    conformance::check_body(events.back(), "live server event");
  }
  void perform(const Synthesise& action) {
    said.push_back(action.text);
    if (std::exchange(speaking, action.response_id) != action.response_id) {
      played_ms_ = 0;
      playable_ms_ = 0;
    }
    Sentence sentence;
    sentence.text = action.text;
    for (std::size_t begin = 0; begin < action.text.size();) {
      const std::size_t end = std::min(action.text.find(' ', begin), action.text.size());
      sentence.duration_ms += 300;
      sentence.words.push_back({action.text.substr(begin, end - begin), sentence.duration_ms});
      begin = end + 1;
    }
    session_.on_sentence(action.response_id, sentence, action.last, now_);
  }
  void perform(const StopSynthesis& /*action*/) {}
  void perform(const Think& action) { thoughts.push_back(action); }
  void perform(const StopThinking& action) { given_up.push_back(action.response_id); }
  void perform(const Play& action) { playable_ms_ = action.to_ms; }
  void perform(const ClearPlayback& /*action*/) {
    ++cleared;
    speaking.clear();
  }
  void perform(const PlaySound& action) {
    fixture_samples = action.samples.size();
    speaking = action.id;
    played_ms_ = 0;
    playable_ms_ = static_cast<int>((action.samples.size() + 23) / 24);
  }
  void perform(const SendDigit& action) { digits += action.digit; }
  void perform(const Recognise& action) { session_.on_transcript(action.item_id, heard, now_); }
  void perform(const EndCall& /*action*/) { ended = true; }

  LiveSession session_;
  Time now_{};
  int played_ms_ = 0;
  int playable_ms_ = 0;
};

}  // namespace offhook::sim
