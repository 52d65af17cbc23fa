#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "base/error.hpp"
#include "sim/event_stream.hpp"
#include "sim/persona.hpp"

namespace offhook::sim {

/// Reads what a chat endpoint answers, in whatever pieces it arrives: a stream of server-sent
/// events, or JSON.
class ChatAnswer {
 public:
  /// @return the sentences that are whole by now and were not returned before; of JSON nothing.
  [[nodiscard]] std::string feed(std::string_view piece);
  /// The stream said that nothing follows.
  [[nodiscard]] bool complete() const noexcept { return complete_; }
  /// The answer is over. @return the words that `feed` did not return, and the calls;
  ///         `malformed_message` when there was neither, with the error that came instead.
  [[nodiscard]] Result<ReplyPart> finish();

 private:
  void take_event(std::string_view data);
  void take_json();
  void add(const boost::json::value& part);
  [[nodiscard]] std::string take_sentences();

  std::optional<bool> is_json_{};
  std::string body_{};  ///< Of JSON.
  EventStream events_{};
  std::string words_{};  ///< Not returned yet.
  bool returned_words_ = false;
  std::vector<CallFunction> calls_{};
  std::string problem_{};
  bool complete_ = false;
};

}  // namespace offhook::sim
