#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "sim/call_clock.hpp"
#include "sim/call_model.hpp"
#include "sim/live_actions.hpp"
#include "sim/live_backend.hpp"
#include "sim/live_config.hpp"
#include "sim/live_decisions.hpp"
#include "sim/live_outbox.hpp"
#include "sim/live_talk.hpp"
#include "sim/persona.hpp"
#include "sim/response.hpp"

namespace offhook::sim {

struct LiveOptions {
  Persona persona;
  Ids ids;
  std::string id;             ///< "live_…"
  Time now{};                 ///< When the session begins.
  std::int64_t unix_now = 0;  ///< The same in Unix seconds.
  /// The times that events tell. With made up ones all words of a speech are told when it begins.
  std::shared_ptr<CallClock> clock = std::make_shared<CallClock>();
  std::chrono::seconds lifetime{3'600};  ///< Then `session.closed` with reason expired.
  /// Of an outbound call, which is answered this late at most; its lifetime begins then.
  std::chrono::milliseconds ringing{0};
  bool brain = false;  ///< `Think` decides what is said, but for what is dictated in quotes.
  bool content_filter = false;  ///< A fault: the session is closed after the model's first word.
};

/// One Live session as a state machine without I/O: fed with client events, the caller's turns,
/// playback progress and the time, it says what to do (docs/openai-behaviour.md 10).
///
/// Full duplex: there are no turns on the wire and no responses, only transcripts along one time
/// line that counts from the beginning of the session. The model does not speak first.
///
/// One thread at a time. After every call, `take_actions` is to be obeyed in order.
class LiveSession {
 public:
  LiveSession(LiveConfig config, LiveOptions options);

  /// For a socket that attaches now: `session.started`, and the last three seconds again.
  [[nodiscard]] std::vector<boost::json::object> greeting(Time now);

  /// One message from a controller. Nonsense is answered by an `error` event.
  void on_client_event(std::string_view text, Time now);

  /// The caller begins to speak, which stops the model …
  void on_speech_started(int audio_ms, Time now);
  /// … and ends: what was said is recognised and answered.
  void on_speech_stopped(int audio_ms, Time now);
  /// Text of a turn, after `Recognise`.
  void on_transcript(const std::string& turn_id, const std::string& text, Time now);
  void on_digit(char digit, Time now);
  void on_digit_sent(char digit, Time now);
  void on_digit_failed(const std::string& why, Time now);

  /// Speech, after `Synthesise`. What was interrupted meanwhile is ignored. @param last  None
  /// follows.
  void on_sentence(const std::string& id, const Sentence& sentence, bool last, Time now);
  void on_synthesis_failed(const std::string& id, const std::string& why, Time now);
  /// What is to be said, or the next part of it, after `Think`. An error is spoken of with regret.
  void on_thought(const std::string& id, Result<ReplyPart> part, Time now);
  /// How much of a speech or a fixture the caller was sent.
  void on_playback(const std::string& id, int played_ms, Time now);

  /// An outbound call rings (or has early media), …
  void on_ringing(Time now);
  /// … is answered, …
  void on_answered(Time now);
  /// … or fails, which ends the session.
  void on_transport_failed(const std::string& code, const std::string& message, Time now);
  /// The call ends: tells `session.closed`, unless the session has ended already.
  void on_call_end(CallEnd why, Time now);

  /// Sends what is due. Call it every 20 ms or so.
  void on_time(Time now);

  /// Whether the model hears the caller: not while muted, nor during a fixture.
  [[nodiscard]] bool listening() const noexcept { return !muted_ && !fixture_; }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] std::vector<LiveAction> take_actions() { return out_.take(); }

 private:
  /// A word that will be transcribed when it is heard.
  struct PendingWord {
    std::string text;
    int start_ms = 0;
    int end_ms = 0;
  };
  /// Something that the model says.
  struct Utterance {
    std::string id;
    int known_ms = 0;  ///< Synthesised so far.
    bool whole = false;
    std::deque<PendingWord> words;  ///< Not transcribed yet.
    std::string heard{};
    std::optional<int> base_ms{};  ///< Where it begins on the time line.
  };
  struct Turn {
    std::string id;
    int start_ms = 0;
    int end_ms = 0;
  };
  struct Fixture {
    std::string id;
    std::string client_event_id;
    int length_ms = 0;
  };

  // Client events: live_client_events.cpp. `event` is an object.
  [[nodiscard]] ApiResult<> handle(std::string_view type, const boost::json::value& event);
  [[nodiscard]] ApiResult<> update_session(const boost::json::value& event);
  [[nodiscard]] ApiResult<> mute(const boost::json::value& event, bool muted);
  [[nodiscard]] ApiResult<> play_fixture(const boost::json::value& event);
  [[nodiscard]] ApiResult<> send_digit(const boost::json::value& event);
  [[nodiscard]] ApiResult<> append(std::string_view kind, const boost::json::value& event);
  [[nodiscard]] ApiResult<> check_append(const boost::json::value& event) const;
  [[nodiscard]] ApiResult<> handle_decision(std::string_view type, const boost::json::value& event);
  [[nodiscard]] ApiResult<> handle_response(std::string_view type, const boost::json::value& event);
  void follow_context(std::string_view kind,
                      const std::string& content,
                      const std::string& delegation_id);

  // With a chat model: live_thoughts.cpp.
  void think();
  void end_begun(const std::string& id);
  void stop_thinking();
  void think_of_context(std::string_view kind,
                        const std::string& content,
                        const std::string& delegation_id);
  void think_of_work(const LiveBackend::Material& material);
  void end_work(ReplyPart part);

  [[nodiscard]] int timeline_ms() const;
  void pass(int ms);
  void tell_usage();
  [[nodiscard]] boost::json::object session_json() const;
  [[nodiscard]] boost::json::object usage() const;
  void set_time(Time now);
  void say(std::string text);
  void say(const std::string& id, std::string text, bool last);
  void interrupt();
  void answer_caller(const std::string& heard);
  void delegate(const std::vector<CallFunction>& functions);
  [[nodiscard]] std::vector<LiveBackend::NamedCall> named(
      const std::vector<CallFunction>& functions);
  void say_refusal(const std::vector<LiveBackend::NamedCall>& calls);
  [[nodiscard]] boost::json::object new_delegation();
  void announce(const boost::json::object& delegation);
  boost::json::object evaluate_decision(const boost::json::value& delegation_id);
  void close(std::string_view reason, std::string_view client_event_id);
  void end_session(std::string_view reason);
  [[nodiscard]] Utterance* find_utterance(std::string_view id);

  LiveConfig config_;
  Persona persona_;
  LiveOutbox out_;
  std::string id_;
  std::string started_event_id_;
  Time began_;
  Time now_;
  std::int64_t expires_at_unix_;
  Time expires_at_;
  std::chrono::seconds lifetime_;
  std::shared_ptr<CallClock> clock_;
  int usage_at_ms_;
  bool content_filter_;
  bool muted_ = false;
  bool closed_ = false;
  bool spoke_ = false;      ///< The model said something.
  bool was_heard_ = false;  ///< The caller said something.
  bool transcribed_output_ = false;
  bool transcribed_input_ = false;

  std::deque<Utterance> utterances_;
  std::optional<int> speech_start_ms_{};  ///< Of the turn that is going on.
  std::vector<Turn> turns_;               ///< Not recognised yet.
  std::optional<Fixture> fixture_{};
  std::deque<std::string> digits_;  ///< Client event ids of the keys that are being sent.

  std::map<std::string, std::string> delegations_;  ///< To the client; with what `talk_` names it.
  std::optional<Time> acknowledge_at_{};
  LiveBackend backend_;
  DecisionItems decision_items_;
  std::set<std::string> decision_events_;  ///< Client event ids of decision.create.

  std::optional<LiveTalk> talk_{};  ///< With a chat model only.
  std::string thinking_{};          ///< The question about what to say; empty: none.
  std::string working_{};           ///< The question of the Responses model.
  std::string work_words_{};        ///< Its answer so far.
  bool work_cut_short_ = false;     ///< The caller does not want to hear more of it.
};

}  // namespace offhook::sim
