#pragma once

#include <string>
#include <variant>
#include <vector>

#include <boost/json/object.hpp>

#include "audio/speech.hpp"

namespace offhook::sim {

/// A server event for every socket that observes the call.
struct SendEvent {
  boost::json::object event;
};

/// Speech is wanted: its sentences come back by `on_sentence` of the session.
struct Synthesise {
  std::string response_id;
  std::string text;
  bool last = true;            ///< false: more text of this response follows, if only an empty one.
  audio::SpeechStyle style{};  ///< Of all of the response.
};

/// The model generated the response's sound up to here: let the caller hear it.
struct Play {
  std::string response_id;
  int to_ms = 0;
};

/// No more sentences of this response are wanted.
struct StopSynthesis {
  std::string response_id;
};

/// Everything that waits to be heard is to be thrown away, now, and so is what these responses
/// still generate.
struct ClearPlayback {};

/// A turn of the caller was committed: its text comes back by `RealtimeSession::on_transcript`.
struct Recognise {
  std::string item_id;
};

/// `conversation.item.retrieved` for a turn of the caller: its sound goes in before it is sent.
struct SendWithAudio {
  boost::json::object event;
  std::string item_id;
};

/// A chat model is to answer: its reply comes back by `on_thought` of the session.
struct Think {
  std::string response_id;
  boost::json::object request;  ///< Of `chat_request`.
};

/// The rest of its reply is not wanted.
struct StopThinking {
  std::string response_id;
};

/// A server is to be asked for its tools: they come by `RealtimeSession::on_tools_listed`.
struct ListTools {
  std::string item_id;
  boost::json::object tool;  ///< The `mcp` tool of the session, with its keys.
};

/// A server's tool is to be called: `RealtimeSession::on_tool_called` follows.
struct CallTool {
  std::string item_id;
  std::string server;  ///< Label.
  std::string name;
  std::string arguments;  ///< JSON text.
};

/// The settings of turn detection changed.
struct ChangeTurns {};

/// The session reached its time limit: hang up.
struct EndCall {};

/// What a session wants done, in order.
using Action = std::variant<SendEvent,
                            Synthesise,
                            Play,
                            StopSynthesis,
                            ClearPlayback,
                            Recognise,
                            Think,
                            StopThinking,
                            SendWithAudio,
                            ListTools,
                            CallTool,
                            ChangeTurns,
                            EndCall>;

}  // namespace offhook::sim
