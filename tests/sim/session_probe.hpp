#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/json.hpp"
#include "conformance/conversations.hpp"
#include "conformance/type_book.hpp"
#include "sim/realtime_session.hpp"

namespace offhook::sim {

/// A `RealtimeSession` with a voice made of thin air: every word takes 300 ms to be heard. Every
/// event is held against the types of OpenAI's SDK.
class SessionProbe {
 public:
  explicit SessionProbe(std::string_view accept = R"({"type":"realtime"})",
                        std::vector<std::string> replies = {"One two.", "Three four five."})
      : SessionProbe{accept, Persona{std::move(replies)}} {}
  SessionProbe(std::string_view accept, Persona persona, bool brain = false)
      : session_{config(accept), options(std::move(persona), brain)} {}

  SessionProbe(std::string_view accept, Persona persona, std::shared_ptr<CallClock> clock)
      : session_{config(accept), options(std::move(persona), false, std::move(clock))} {}

  [[nodiscard]] RealtimeSession& session() noexcept { return session_; }
  [[nodiscard]] Time now() const noexcept { return now_; }

  /// What a controller sends.
  void client(std::string_view text) {
    conversations_.asked(text);
    session_.on_client_event(text, now_);
    obey();
  }
  /// Lets the time pass in steps of 20 ms.
  void pass(std::chrono::milliseconds time) {
    for (const Time end = now_ + time; now_ < end;) {
      now_ += std::chrono::milliseconds{20};
      session_.on_time(now_);
      obey();
    }
  }
  /// The caller says something: from `start_ms` to `end_ms`.
  void turn(int start_ms, int end_ms) {
    start_turn(start_ms);
    stop_turn(end_ms);
  }
  void start_turn(int start_ms) {
    session_.on_caller_audio(start_ms, now_);
    session_.on_speech_started(start_ms, now_);
    obey();
  }
  void stop_turn(int end_ms) {
    session_.on_caller_audio(end_ms, now_);
    session_.on_speech_stopped(end_ms, now_);
    obey();
  }
  void digit(char digit) {
    session_.on_digit(digit, 1'763'770'400);
    obey();
  }
  /// The chat model answers what it was asked last.
  void think(Result<ReplyPart> part) {
    session_.on_thought(thoughts.back().response_id, std::move(part), now_);
    obey();
  }
  /// A server answers what it was asked last.
  void list(const McpResult<boost::json::array>& tools) {
    session_.on_tools_listed(listings.back().item_id, tools);
    obey();
  }
  void give(const McpResult<std::string>& output) {
    session_.on_tool_called(tool_calls.back().item_id, output, now_);
    obey();
  }
  /// A sideband attaches.
  [[nodiscard]] boost::json::object attach() { return session_.session_created(); }
  void listen(int total_ms) { session_.on_caller_audio(total_ms, now_); }
  /// The caller was sent so much of the latest speech.
  void played(int ms) {
    session_.on_playback(speaking, ms, now_);
    obey();
  }
  /// Speaks what was held back.
  void speak(bool last = true) {
    session_.on_sentence(speaking, sentence(wanted_text), last, now_);
    obey();
  }
  void fail_to_speak() {
    session_.on_synthesis_failed(speaking, "no voice", now_);
    obey();
  }

  /// Types of the events since the last call; transcript and text deltas are left out.
  [[nodiscard]] std::vector<std::string> types() {
    std::vector<std::string> types;
    for (; seen_ < events.size(); ++seen_) {
      const std::string type = type_of(events[seen_]);
      if (!type.ends_with(".delta")) {
        types.push_back(type);
      }
    }
    return types;
  }
  /// Forgets what `types` would tell.
  void skip() { seen_ = events.size(); }
  /// The last event of a type, or an empty object.
  [[nodiscard]] boost::json::value last(std::string_view type) const {
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      if (type_of(*event) == type) {
        return *event;
      }
    }
    return boost::json::object{};
  }
  [[nodiscard]] std::size_t count(std::string_view type) const {
    std::size_t count = 0;
    for (const auto& event : events) {
      count += type_of(event) == type ? 1U : 0U;
    }
    return count;
  }

  std::vector<boost::json::value> events;
  std::vector<std::string> retrieved;  ///< Turns whose sound was asked for.
  std::vector<Think> thoughts;         ///< What a chat model was asked.
  std::vector<std::string> given_up;   ///< Responses whose question was taken back.
  std::vector<ListTools> listings;     ///< Servers that were asked for their tools.
  std::vector<CallTool> tool_calls;    ///< Calls of their tools.
  std::vector<std::string> said;       ///< Texts given to the synthesiser.
  std::string speaking;                ///< Response of the latest of them.
  std::string wanted_text;             ///< The latest of them.
  int playable_ms = 0;                 ///< Sound handed to playback for that response.
  int cleared = 0;                     ///< How often playback was thrown away.
  int stopped = 0;                     ///< How often synthesis was told to stop.
  int turns_changed = 0;
  bool ended = false;
  bool hold_speech = false;           ///< Speech comes by `speak`, not at once.
  std::string heard = "hello there";  ///< What the recogniser finds.

 private:
  static SessionConfig config(std::string_view accept) {
    return SessionConfig::from_accept(boost::json::parse(accept), audio::CodecId::pcmu).value();
  }
  static SessionOptions options(Persona persona,
                                bool brain,
                                std::shared_ptr<CallClock> clock = std::make_shared<CallClock>()) {
    SessionOptions options{std::move(persona), Ids{7}};
    options.brain = brain;
    options.clock = std::move(clock);
    options.unix_now = 1'795'305'600;
    return options;
  }
  static std::string type_of(const boost::json::value& event) {
    return std::string{json_string(event, "type")};
  }
  static Sentence sentence(const std::string& text) {
    Sentence sentence;
    sentence.text = text;
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t end = std::min(text.find(' ', begin), text.size());
      sentence.duration_ms += 300;
      sentence.words.push_back({text.substr(begin, end - begin), sentence.duration_ms});
      begin = end + 1;
    }
    return sentence;
  }

  void obey() {
    for (auto actions = session_.take_actions(); !actions.empty();
         actions = session_.take_actions()) {
      for (const Action& action : actions) {
        std::visit([this](const auto& what) { perform(what); }, action);
      }
    }
  }
  void perform(const SendEvent& action) {
    events.emplace_back(action.event);
    conformance::check_body(events.back(), "realtime server event");
    conversations_.check(events.back());
  }
  void perform(const Synthesise& action) {
    if (std::exchange(speaking, action.response_id) != action.response_id) {
      playable_ms = 0;
    }
    wanted_text = action.text;
    said.push_back(action.text);
    if (!hold_speech) {
      session_.on_sentence(action.response_id, sentence(action.text), action.last, now_);
    }
  }
  void perform(const Play& action) { playable_ms = action.to_ms; }
  void perform(const StopSynthesis& /*action*/) { ++stopped; }
  void perform(const ClearPlayback& /*action*/) { ++cleared; }
  void perform(const Recognise& action) { session_.on_transcript(action.item_id, heard, now_); }
  void perform(const SendWithAudio& action) {
    retrieved.push_back(action.item_id);
    perform(SendEvent{action.event});
  }
  void perform(const ListTools& action) { listings.push_back(action); }
  void perform(const CallTool& action) { tool_calls.push_back(action); }
  void perform(const Think& action) { thoughts.push_back(action); }
  void perform(const StopThinking& action) { given_up.push_back(action.response_id); }
  void perform(const ChangeTurns& /*action*/) { ++turns_changed; }
  void perform(const EndCall& /*action*/) { ended = true; }

  RealtimeSession session_;
  conformance::Conversations conversations_;
  Time now_{};
  std::size_t seen_ = 0;
};

inline std::string path(const boost::json::value& event, std::string_view where) {
  const auto* const found = json_at(event, where);
  return found == nullptr ? "(none)" : boost::json::serialize(*found);
}

}  // namespace offhook::sim
