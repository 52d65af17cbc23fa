#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "sim/actions.hpp"
#include "sim/call_clock.hpp"
#include "sim/conversation.hpp"
#include "sim/mcp_protocol.hpp"
#include "sim/mcp_tools.hpp"
#include "sim/outbox.hpp"
#include "sim/persona.hpp"
#include "sim/response.hpp"
#include "sim/session_config.hpp"

namespace offhook::sim {

struct SessionOptions {
  Persona persona;
  Ids ids;
  Time now{};                 ///< When the session begins.
  std::int64_t unix_now = 0;  ///< The same in Unix seconds.
  /// The times that events tell. With made up ones generation is not paced: what one event brings
  /// about follows it at once, so that the order is always the same.
  std::shared_ptr<CallClock> clock = std::make_shared<CallClock>();
  std::chrono::seconds lifetime{3'600};  ///< Then `session_expired` and the end.
  std::chrono::milliseconds word_interval{30};
  /// Turns are answered once their words are known, because the persona goes by them.
  bool await_words = false;
  bool rate_limits = true;  ///< rate_limits.updated comes after every response.
  bool brain = false;       ///< `Think` decides what is said, but for what instructions dictate.
  // Faults.
  bool transcription_fails = false;    ///< Of every turn.
  bool first_response_fails = false;   ///< Before it has said anything.
  bool first_response_is_cut = false;  ///< By the content filter, after its first word.
};

/// One Realtime session as a state machine without I/O: fed with client events, the caller's
/// turns, playback progress and the time, it says what to do (docs/openai-behaviour.md 5 to 8).
///
/// One thread at a time. After every call, `take_actions` is to be obeyed in order.
class RealtimeSession {
 public:
  RealtimeSession(SessionConfig config, SessionOptions options);

  /// `session.created` for a socket that attaches now. The first one starts the servers of tools.
  [[nodiscard]] boost::json::object session_created();

  /// One message from a controller. Nonsense is answered by an `error` event.
  void on_client_event(std::string_view text, Time now);

  /// The caller's sound so far, in ms since the session began.
  void on_caller_audio(int total_ms, Time now);
  /// The turn detector heard the caller begin; interrupts the model if so configured.
  void on_speech_started(int audio_start_ms, Time now);
  /// … and end: commits the turn and, if so configured, answers it.
  void on_speech_stopped(int audio_end_ms, Time now);
  /// Text of a committed turn, after `Recognise`.
  void on_transcript(const std::string& item_id, const std::string& text, Time now);
  /// A key was pressed. It commits nothing and makes no response.
  void on_digit(char digit, std::int64_t unix_seconds);

  /// Speech of a response, after `Synthesise`. Late sentences of an ended response are ignored.
  /// @param last  None follows.
  void on_sentence(const std::string& response_id, const Sentence& sentence, bool last, Time now);
  /// The synthesiser could not speak: the response fails.
  void on_synthesis_failed(const std::string& response_id, const std::string& why, Time now);
  /// What a response is to say, or the next part of it, after `Think`. An error is spoken of with
  /// regret.
  void on_thought(const std::string& response_id, Result<ReplyPart> part, Time now);
  /// What a server offers, after `ListTools`.
  void on_tools_listed(const std::string& item_id, const McpResult<boost::json::array>& tools);
  /// What its tool returned, after `CallTool`.
  void on_tool_called(const std::string& item_id, const McpResult<std::string>& output, Time now);
  /// How much of a response the caller was sent.
  void on_playback(const std::string& response_id, int played_ms, Time now);

  /// Sends what is due. Call it every 20 ms or so.
  void on_time(Time now);

  [[nodiscard]] std::vector<Action> take_actions() { return out_.take(); }
  /// What the turn detector is to do; nothing: it does not decide.
  [[nodiscard]] std::optional<TurnSettings> turns() const { return config_.turns(); }
  /// `audio.input.format` of the session.
  [[nodiscard]] boost::json::value input_format() const {
    return config_.json().at("audio").at("input").at("format");
  }
  [[nodiscard]] const CallClock& clock() const noexcept { return *clock_; }
  [[nodiscard]] const Conversation& conversation() const noexcept { return conversation_; }

 private:
  /// A response whose sound is being played, or waits for it.
  struct Playback {
    std::string response_id;
    std::string item_id;
    int generated_ms = 0;
    int played_ms = 0;
    bool started = false;
    bool generated = false;  ///< Nothing more will be added.
    bool cleared = false;    ///< Thrown away: what is still generated is not heard.
  };

  /// The call of a server's tool that has not returned.
  struct PendingCall {
    std::string item_id;
    CallFunction call;
    int output_index = 0;
    std::string approval_request_id{};  ///< Not empty: it waits for the controller's word.
  };

  // Client events: client_events.cpp. `event` is an object.
  void dispatch(const boost::json::value& event, Time now);
  [[nodiscard]] ApiResult<> handle(std::string_view type,
                                   const boost::json::value& event,
                                   Time now);
  [[nodiscard]] ApiResult<> update_session(const boost::json::value& event);
  [[nodiscard]] ApiResult<> create_response(const boost::json::value& event, Time now);
  [[nodiscard]] ApiResult<> cancel_response(const boost::json::value& event, Time now);
  [[nodiscard]] ApiResult<> create_item(const boost::json::value& event, Time now);
  [[nodiscard]] ApiResult<> delete_item(const boost::json::value& event);
  [[nodiscard]] ApiResult<> retrieve_item(const boost::json::value& event);
  [[nodiscard]] ApiResult<> truncate_item_by_client(const boost::json::value& event);
  [[nodiscard]] ApiResult<> commit_by_client();
  void add_item(Item item, const boost::json::value& previous);

  // Turns and audio: realtime_session.cpp.
  [[nodiscard]] boost::json::object session_json() const;
  void commit(const std::string& item_id, int audio_ms);
  void answer_turn(Time now);
  void tell_transcript(const std::string& item_id, const std::string& text);
  void interrupt();
  void time_out_idle(Time now);
  void truncate_unheard(const Playback& playback);
  [[nodiscard]] int heard_of(const Playback& playback) const;

  // Servers of tools: mcp_flow.cpp.
  void list_servers();
  void want_tools(const boost::json::array& tools);
  void start_call(Response& response);
  void run_call(const PendingCall& call);
  void end_call(const PendingCall& call, boost::json::object fields, Time now);
  [[nodiscard]] ApiResult<> check_approval(const boost::json::value& item) const;
  void decide_call(const boost::json::value& approval, Time now);

  // Responses: response_flow.cpp.
  [[nodiscard]] boost::json::array tools_for(const boost::json::value& overrides) const;
  [[nodiscard]] ApiResult<Conversation> context_of(const boost::json::value& overrides) const;
  [[nodiscard]] Prompt prompt(const boost::json::value& overrides,
                              const Conversation& context) const;
  void limit_calls(std::vector<CallFunction>& calls, const boost::json::array& tools) const;
  [[nodiscard]] boost::json::object thought_for(const Prompt& prompt,
                                                const boost::json::value& overrides,
                                                const Conversation& context) const;
  [[nodiscard]] ResponsePlan plan(const boost::json::value& overrides,
                                  const Conversation& context) const;
  void start_response(const boost::json::value& overrides, Time now);
  void start_response(const boost::json::value& overrides, const Conversation& context, Time now);
  void end_response(const std::string& id, const Ending& ending);
  void advance_responses(Time now);
  [[nodiscard]] Response* active_response();
  [[nodiscard]] Response* find_response(std::string_view id);
  void send_rate_limits();
  [[nodiscard]] Playback* find_playback(std::string_view response_id);
  std::vector<Playback> clear_playback();
  void report_playback(const std::string& response_id);
  void start_idle_timer(Time now);

  SessionConfig config_;
  Persona persona_;
  Outbox out_;
  Ids greeting_ids_;  ///< Of sockets, which come when they like.
  std::shared_ptr<CallClock> clock_;
  std::string id_;
  Conversation conversation_;
  std::int64_t expires_at_unix_;
  Time expires_at_;
  std::chrono::milliseconds word_interval_;
  bool expired_ = false;
  bool model_spoke_ = false;

  std::vector<std::unique_ptr<Response>> responses_;  ///< Still generating.
  std::deque<Playback> playing_;
  bool await_words_;
  bool brain_;
  bool rate_limits_;
  bool transcription_fails_;
  bool next_response_fails_;
  bool next_response_is_cut_;
  McpTools servers_{};
  std::vector<boost::json::object> unlisted_{};   ///< `mcp` tools whose servers are to be asked.
  bool attached_ = false;                         ///< Somebody watches, so they may be.
  std::map<std::string, std::string> listing_{};  ///< Item to label of servers that were asked.
  std::vector<PendingCall> calls_{};
  std::string unheard_item_;   ///< A turn to be answered once its words are known.
  bool cut_short_ = false;     ///< The caller interrupted the last response.
  bool answer_waits_ = false;  ///< A turn to be answered once the running response is done.

  int caller_ms_ = 0;     ///< Sound heard since the session began.
  int committed_ms_ = 0;  ///< Of that, already in items.
  int speech_start_ms_ = 0;
  std::string speech_item_;  ///< Of the turn that is going on; empty: none is.
  std::optional<Time> idle_at_{};
  int idle_from_ms_ = 0;
};

}  // namespace offhook::sim
