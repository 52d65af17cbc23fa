#pragma once

#include <string>
#include <string_view>
#include <variant>

#include <boost/json/object.hpp>

#include "agent/dialogue/function_calls.hpp"

namespace offhook::agent {

/// Send a client event.
struct SendEvent {
  std::string text;
  /// Worth sending after a gap, if the gap came before it could be sent. The others are made anew.
  bool survives_gap = false;
  /// It carries the output of this function call, and that it was sent is all that can be known of
  /// it (Live). Empty: it does not.
  std::string output_of{};
  /// It presses the last key of this function call. Empty: it does not.
  std::string last_key_of{};
};
/// The API has shown that it holds the output of a function call.
struct OutputArrived {
  std::string function_call_id;
};
/// End the call over REST.
struct HangUp {
  std::string reason;
};
/// The API told that the call is over.
struct CallOver {
  std::string reason;
  bool not_reached = false;  ///< A call of our own that was never answered.
};
/// Write a mark of source "call".
struct Note {
  std::string name;
  boost::json::object detail;
};
/// What a dialogue wants done. To be obeyed in order.
using Effect = std::variant<SendEvent, StartTool, OutputArrived, HangUp, CallOver, Note>;

}  // namespace offhook::agent
